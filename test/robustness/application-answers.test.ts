import { createWebSocketClient } from "@halyard/client";
import { defineProtocol, HalyardError, message } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { afterEach, expect, it } from "vitest";
import WebSocket from "ws";
import { z } from "zod";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { until } from "../support/wait.ts";

const open: { close(): unknown }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (each) => each.close()));
});

const authenticate = () => ({ user: { id: "ada" } });

async function listen(attach: (server: Server) => void): Promise<string> {
  const server = createServer();
  attach(server);
  const port = await listenOnLoopback(server);
  open.push(server);
  return `ws://127.0.0.1:${String(port)}/ws`;
}

it.each([
  [new HalyardError("unauthenticated"), 4401],
  [new HalyardError("forbidden"), 4403],
  [new HalyardError("contract_mismatch"), 4426],
  [new HalyardError("limit_exceeded"), 4011],
  [new HalyardError("rate_limited"), 4029],
  [new HalyardError("unavailable"), 1013],
  [new HalyardError("timeout"), 1013],
  [new Error("a database"), 1011],
])(
  "onConnect that throws %s closes the connection before anything is delivered [s-S10]",
  async (error, code) => {
    const errors: unknown[] = [];
    const { manager } = createWebSocketSystem({
      authenticate,
      onConnect: () => {
        throw error;
      },
      onError: (reported) => errors.push(reported),
    });
    open.push(manager);
    const url = await listen((server) => attachWebSocketServer(server, { manager }));
    const received: string[] = [];
    const ws = new WebSocket(url);
    ws.on("message", (data: Buffer) => received.push(data.toString()));
    const closed = new Promise((resolve) => ws.on("close", resolve));
    await until("a frame or the close", () => received.length > 0 || ws.readyState === WebSocket.CLOSED);
    expect(received).toEqual([]);
    expect(await closed).toBe(code);
    expect(errors).toEqual(code === 1011 ? [error] : []);
  },
);

it.each([
  ["an async refinement that rejects", () => Promise.reject(new Error("a database"))],
  [
    "a refinement that throws",
    (): never => {
      throw new Error("a database");
    },
  ],
])(
  "%s is answered with unavailable, which is retryable, and onError hears it [s-M3]",
  async (_what, refine) => {
    const errors: string[] = [];
    const protocol = defineProtocol({
      clientMessages: { vote: message(z.object({ option: z.string().refine(refine) })) },
    });
    const { manager, handlers } = createWebSocketSystem({
      protocol,
      authenticate,
      onError: (error, { type }) => errors.push(`${type}: ${String(error)}`),
    });
    handlers.on("vote", () => undefined);
    open.push(manager);
    const url = await listen((server) => attachWebSocketServer(server, { manager }));
    const client = createWebSocketClient<typeof protocol>({ url });
    open.push(client);
    expect(await client.send("vote", { option: "a" })).toMatchObject({
      status: "rejected",
      error: { code: "unavailable", retryable: true },
    });
    expect(errors).toEqual(["vote: Error: a database"]);
  },
);

it("a listener of the client that rejects reaches onError, as one that throws [s-K4]", async () => {
  const errors: unknown[] = [];
  const { manager } = createWebSocketSystem({ authenticate });
  open.push(manager);
  const url = await listen((server) => attachWebSocketServer(server, { manager }));
  const client = createWebSocketClient({ url, onError: (error) => errors.push(error) });
  open.push(client);
  const failure = new Error("a listener");
  client.on("announcement", () => Promise.reject(failure));
  client.onStateChange(() => Promise.reject(failure));
  await until("the connection", () => client.state.status === "open");
  await manager.broadcastMessage({ type: "announcement", message: "hello" });
  await until("both rejections", () => errors.length >= 2);
  expect(errors.every((error) => error === failure)).toBe(true);
});

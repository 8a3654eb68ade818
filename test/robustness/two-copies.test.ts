// Two copies of the packages in one process: the ES modules and the CommonJS ones, as a CommonJS application has them beside an
// ES module that it loads. What one copy has made works with the other.
import * as esmClient from "@halyard/client";
import * as esmProtocol from "@halyard/protocol";
import * as esmServer from "@halyard/server";
import type * as publishing from "@halyard/server/publisher";
import * as esmNode from "@halyard/server/node";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { POLL } from "../support/wait.ts";

const load = createRequire(import.meta.url);

const modules = {
  client: esmClient,
  protocol: esmProtocol,
  server: esmServer,
  node: esmNode,
};
type Copy = typeof modules;

const commonjs: Copy = {
  client: load("@halyard/client") as Copy["client"],
  protocol: load("@halyard/protocol") as Copy["protocol"],
  server: load("@halyard/server") as Copy["server"],
  node: load("@halyard/server/node") as Copy["node"],
};

/** Loaded by the test that uses it: earlier versions have none. */
const PUBLISHER = "@halyard/server/publisher";
type Publishing = Pick<typeof publishing, "createPublisher">;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The contract and the errors are of one copy, as the manager is; what serves and publishes is of the other. */
async function start(own: Copy, other: Copy) {
  const { defineProtocol, HalyardError, request } = own.protocol;
  const protocol = defineProtocol({
    requests: { order: request({ input: z.object({ id: z.int() }), output: z.string() }) },
  });
  const backplane = other.server.createMemoryBackplane();
  const { manager, handlers } = own.server.createWebSocketSystem({
    protocol,
    backplane,
    authenticate: () => ({ user: { id: "ada", name: "Ada" } }),
    authorize: () => true,
    builtIns: { chat: false },
  });
  handlers.register(new other.server.ChatMessageHandler(manager));
  handlers.onRequest("order", ({ id }) => {
    throw id === 1
      ? new HalyardError("not_found", "no order 1")
      : new other.protocol.HalyardError("conflict", "two orders");
  });
  const server = createServer();
  other.node.attachWebSocketServer(server, { manager });
  const port = await listenOnLoopback(server);
  const client = other.client.createWebSocketClient<typeof protocol>({
    url: `ws://127.0.0.1:${String(port)}/ws`,
  });
  cleanups.push(
    () => server.close(),
    () => manager.close(),
    () => {
      client.close();
    },
  );
  return { client, backplane, protocol };
}

describe.each([
  { what: "a manager of an ES module and all else CommonJS", own: modules, other: commonjs },
  { what: "a manager of a CommonJS module and all else ES modules", own: commonjs, other: modules },
])("$what", ({ own, other }) => {
  it("are two copies of each class", () => {
    expect(own.server.WebSocketManager).not.toBe(other.server.WebSocketManager);
    expect(own.protocol.HalyardError).not.toBe(other.protocol.HalyardError);
  });

  it("serve and handle messages for each other [s-H6]", async () => {
    const { client } = await start(own, other);
    const room = client.join("general");
    const texts: string[] = [];
    room.on("chat_message", ({ content, from }) => texts.push(`${from.name}: ${content}`));
    await room.ready;
    expect(await room.send("chat_message", { content: "hello" })).toMatchObject({ status: "delivered" });
    await expect.poll(() => texts, POLL).toEqual(["Ada: hello"]);
  });

  it("publish to each other's connections, and know what else uses a backplane [s-H6]", async () => {
    const { client, backplane, protocol } = await start(own, other);
    const { createPublisher } = (
      other === commonjs ? load(PUBLISHER) : await import(PUBLISHER)
    ) as Publishing;
    const publisher = createPublisher({ backplane, protocol });
    const texts: string[] = [];
    client.on("announcement", ({ message }) => texts.push(message));
    await expect.poll(() => client.state.status, POLL).toBe("open");
    await publisher.broadcastMessage({ type: "announcement", message: "tea" });
    await expect.poll(() => texts, POLL).toEqual(["tea"]);
    // The backplane of the manager goes on.
    await publisher.close();
    expect(await client.send("chat_message", { content: "hello" })).toMatchObject({ status: "delivered" });
  });

  it("send each other's errors with their code, and `instanceof` knows them [s-H6]", async () => {
    const { client } = await start(own, other);
    const errors = await Promise.all(
      [1, 2].map((id) => client.request("order", { id }).catch((error: unknown) => error)),
    );
    expect(errors).toMatchObject([
      { code: "not_found", message: "no order 1" },
      { code: "conflict", message: "two orders" },
    ]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(own.protocol.HalyardError);
      expect(error).toBeInstanceOf(other.protocol.HalyardError);
      expect(error).toBeInstanceOf(own.client.HalyardError);
    }
  });

  it("tell an error of Halyard from others, and a class that extends it from its siblings [s-H6]", () => {
    class PaymentError extends own.protocol.HalyardError {}
    class StockError extends own.protocol.HalyardError {}
    expect(new PaymentError("conflict")).toBeInstanceOf(PaymentError);
    expect(new PaymentError("conflict")).toBeInstanceOf(other.protocol.HalyardError);
    expect(new PaymentError("conflict")).not.toBeInstanceOf(StockError);
    for (const value of [new Error("conflict"), { code: "conflict" }, "conflict", null, undefined])
      expect(value).not.toBeInstanceOf(own.protocol.HalyardError);
  });
});

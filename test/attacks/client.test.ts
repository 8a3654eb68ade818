import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { Duplex } from "node:stream";
import { deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { until } from "../support/wait.ts";
import { encodeFrame } from "../support/websocket-frames.ts";

const WELCOME = {
  type: "welcome",
  connectionId: "c",
  user: { userId: "ada", name: "Ada", connectedAt: new Date(0).toISOString() },
  limits: {},
  heartbeat: { intervalMs: 25_000, timeoutMs: 35_000 },
  ephemeral: [],
  channels: { all: { epoch: "e", off: 0, recovered: "new" } },
};

const MIB = 1024 * 1024;
const chunk = Buffer.alloc(65_536, "x");
const fragment = (opcode: number): Buffer =>
  encodeFrame({ opcode, payload: chunk, fin: false, masked: false });
const bomb = deflateRawSync(Buffer.alloc(64 * MIB));

function* repeat(bytes: Buffer, count: number): Generator<Buffer> {
  for (let n = 0; n < count; n++) yield bytes;
}

/** Writes below the server's WebSocket library, which buffers nothing then: the test measures the client. */
function pour(socket: WebSocket, bytes: Iterable<Buffer>): void {
  const { _socket: stream } = socket as unknown as { readonly _socket: Duplex };
  stream.on("error", () => undefined);
  Readable.from(bytes).pipe(stream, { end: false });
}

/** A server whose behavior after each hello is set by the test. */
describe("E: a malicious server", () => {
  let server: WebSocketServer;
  let client: WebSocketClient | undefined;
  let errors: unknown[];
  let connections: number;
  let behave: (socket: WebSocket, hello: { readonly $: { readonly id: string } }) => void;

  beforeEach(async () => {
    [errors, connections, behave] = [[], 0, (socket, hello) => welcome(socket, hello)];
    server = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: () => "halyard.v1",
      perMessageDeflate: true,
    });
    server.on("connection", (socket) => {
      connections++;
      socket.on("error", () => undefined);
      socket.once("message", (data) => behave(socket, JSON.parse((data as Buffer).toString()) as never));
    });
    await new Promise((resolve) => server.once("listening", resolve));
  });
  afterEach(() => {
    client?.close();
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  const welcome = (socket: WebSocket, { $: { id } }: { readonly $: { readonly id: string } }) => {
    socket.send(JSON.stringify({ ...WELCOME, $: { re: id } }));
  };
  const start = (options: Partial<Parameters<typeof createWebSocketClient>[0]> = {}) => {
    client = createWebSocketClient({
      url: `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`,
      WebSocket,
      backoff: { minMs: 1, baseMs: 5, maxMs: 20 },
      onError: (error) => errors.push(error),
      ...options,
    });
    return client;
  };

  it("E9: garbage, unknown types and jumping offsets neither close the connection nor raise an error", async () => {
    behave = (socket, hello) => {
      welcome(socket, hello);
      for (const text of [
        "",
        "{",
        "null",
        "[]",
        "{}",
        `{"type":"__proto__"}`,
        `{"type":"redirect","url":"//evil"}`,
      ])
        socket.send(text);
      for (const off of [5, 4, -1, 2 ** 60, "x", null])
        socket.send(JSON.stringify({ type: "announcement", message: "x", $: { ch: "all", off } }));
      socket.send(JSON.stringify({ type: "announcement", message: "the end", $: { ch: "all", off: 9 } }));
    };
    const received: string[] = [];
    start().on("announcement", ({ message }) => received.push(message));
    await until("the end", () => received.includes("the end"));
    expect(connections).toBe(1);
    expect(errors).toEqual([]);
  });

  it.each([
    [
      "a frame of 100 MB",
      () => [encodeFrame({ length: 100_000_000n, masked: false }), ...repeat(chunk, 1_600)],
    ],
    ["1,600 fragments of 64 KiB", () => [fragment(1), ...repeat(fragment(0), 1_600)]],
    ["a deflate bomb of 64 MB", () => [encodeFrame({ rsv: 4, payload: bomb, masked: false })]],
  ])("E9: on Node %s ends the connection and buffers less than 2 MiB", async (_name, attack) => {
    let sent = 0;
    behave = (socket, hello) => {
      welcome(socket, hello);
      if (sent++ === 0) pour(socket, attack());
    };
    const open = start();
    await until("a connection", () => open.state.status === "open");
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)), 1);
    await until("another one", () => sent === 2 && open.state.status === "open");
    clearInterval(watch);
    expect(peak).toBeLessThan(2 * MIB);
    expect(errors).toEqual([]);
  });

  it("E9: a close with 4401 stops the client from reconnecting", async () => {
    behave = (socket) => socket.close(4401);
    const open = start();
    await until("the end of it", () => open.state.status === "authRequired");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(connections).toBe(1);
  });

  it("E10: 10,000 sends while offline fill a bounded outbox, and each rejection is reported", async () => {
    const offline = start({ autoConnect: false });
    let rejected = 0;
    for (let n = 0; n < 10_000; n++) {
      const sending = offline.send("chat_message", { content: "x" });
      void sending.then(({ status }) => (rejected += status === "rejected" ? 1 : 0));
    }
    await until("the rejections", () => rejected === 10_000 - 200);
  });

  it("E11: a ticket provider that throws, rejects, hangs or returns junk is called again", async () => {
    const ways = [
      () => {
        throw new Error("thrown");
      },
      () => Promise.reject(new Error("rejected")),
      () => new Promise<string>(() => undefined),
      () => Promise.resolve({} as string),
      () => Promise.resolve(5 as unknown as string),
      () => Promise.resolve("not a ticket!"),
      () => Promise.resolve("a".repeat(43)),
    ];
    let calls = 0;
    const open = start({
      connectTimeoutMs: 100,
      ticket: async () => (ways[calls++] ?? ways.at(-1) ?? (() => Promise.resolve("")))(),
    });
    await until("a connection", () => open.state.status === "open");
    expect(calls).toBe(ways.length);
  });

  it("E12: an offline event does not close a connection that works", async () => {
    const page = new EventTarget();
    const open = start({ page });
    await until("a connection", () => open.state.status === "open");
    page.dispatchEvent(new Event("offline"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([open.state.status, connections]).toEqual(["open", 1]);
  });
});

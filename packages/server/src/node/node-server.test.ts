import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import type { Connection } from "../connection/connection.ts";
import { internalsOf } from "../attach/require-manager.ts";
import { internals } from "../manager.ts";
import { attachWebSocketServer } from "../node.ts";
import { createWebSocketSystem } from "../system.ts";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Run {
  readonly connection: Connection;
  /** Everything that was logged at `info` and at `warn`. */
  readonly lines: readonly unknown[];
  /** What the client has received after it sent a chat message. */
  readonly types: readonly string[];
}

/** Connects one client to a server of its own, and sends a message. */
async function run(env: Readonly<Record<string, string>> = {}): Promise<Run> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const lines: unknown[] = [];
  const log = (fields: object): void => void lines.push(fields);
  const ignore = (): void => undefined;
  const { manager } = createWebSocketSystem({
    authenticate: () => ({ user: { id: "ada" } }),
    logger: { debug: ignore, info: log, warn: log, error: ignore },
  });
  const server = createServer().listen(0, "127.0.0.1");
  attachWebSocketServer(server, { manager });
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`);
  cleanups.push(async () => {
    client.terminate();
    await manager.close();
    server.close();
  });
  const types: string[] = [];
  client.on("message", (data: Buffer) => {
    types.push((JSON.parse(data.toString()) as { readonly type: string }).type);
  });
  await once(client, "open");
  client.send(JSON.stringify({ type: "chat_message", content: "hello" }));
  await expect.poll(() => types).toContain("chat_message");
  const [connection] = internalsOf(internals, "", { manager }).connections.all();
  if (connection === undefined) throw new Error("not connected");
  return { connection, lines, types };
}

const receiverOf = ({ ws }: Connection): object =>
  (ws as unknown as { readonly _receiver: object })._receiver;

describe("the optimizations of a WebSocket on Node", () => {
  it("are on by default, without a line in the log", async () => {
    const [first, second] = [await run(), await run()];
    // All raw connections share one transport; the stream's belongs to one server.
    expect(first.connection.transport).toBe(second.connection.transport);
    expect(Object.hasOwn(receiverOf(first.connection), "write")).toBe(true);
    expect(first.lines).toEqual([]);
  });

  it("write through the stream when HALYARD_RAW_SOCKET_WRITE is off, and say so in the log", async () => {
    const raw = await run();
    const { connection, lines } = await run({ HALYARD_RAW_SOCKET_WRITE: "off" });
    expect(connection.transport).not.toBe(raw.connection.transport);
    expect(lines).toEqual([{ off: ["HALYARD_RAW_SOCKET_WRITE"] }]);
  });

  it("read through the receiver of ws when HALYARD_FAST_TEXT_READER is off, and say so in the log", async () => {
    const { connection, lines } = await run({ HALYARD_FAST_TEXT_READER: "off" });
    expect(Object.hasOwn(receiverOf(connection), "write")).toBe(false);
    expect(lines).toEqual([{ off: ["HALYARD_FAST_TEXT_READER"] }]);
  });
});

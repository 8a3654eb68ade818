import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem, MessageHandler, MessageHandlerRegistry } from "@halyard/server";
import type { WebSocketInstance } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Frame } from "../support/frame.ts";
import { handshake } from "../support/handshake.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { until } from "../support/wait.ts";

/** The smallest socket that the server accepts. */
class FakeSocket implements WebSocketInstance {
  readonly data: unknown;
  readonly frames: Frame[] = [];
  readonly closes: (number | undefined)[] = [];
  readyState = 1;

  constructor(data: unknown) {
    this.data = data;
  }

  send(data: string): void {
    this.frames.push(JSON.parse(data) as Frame);
  }

  close(code?: number): void {
    this.closes.push(code);
    this.readyState = 3;
  }
}

class Custom extends MessageHandler {
  readonly messageType = "custom";
  validate(): boolean {
    return true;
  }
  handle(): void {}
}

async function opened(system: Pick<ReturnType<typeof createWebSocketSystem>, "manager">, userId: string) {
  const socket = new FakeSocket({ userId, name: userId });
  system.manager.handleOpen(socket);
  await until("a user list", () => socket.frames.some(({ type }) => type === "user_list"));
  return socket;
}

const typesOf = (socket: FakeSocket) => socket.frames.map(({ type }) => type);

describe("the manager, with any socket", () => {
  it("handleOpen adds the given socket object to the maps at once", () => {
    const { manager } = createWebSocketSystem();
    const socket = new FakeSocket({ userId: "ada", name: "Ada" });
    manager.handleOpen(socket);
    expect([...(manager.wsInstances.get("ada") ?? [])]).toEqual([socket]);
    expect(manager.connectedUsers.get("ada")).toMatchObject({ userId: "ada", name: "Ada" });
    expect(manager.connectedUsers.get("ada")?.connectedAt).toBeInstanceOf(Date);
    expect(manager.getConnectionStats()).toMatchObject({ totalUsers: 1, totalConnections: 1 });
  });

  it("a message right after handleOpen is read once the connection is admitted", async () => {
    const { manager, processMessage } = createWebSocketSystem();
    const socket = new FakeSocket({ userId: "ada", name: "Ada" });
    manager.handleOpen(socket);
    processMessage(socket, '{"type":"ping"}');
    await until("the pong", () => typesOf(socket).includes("pong"));
    expect(typesOf(socket)).toEqual(["welcome", "user_list", "pong"]);
  });

  it("handleOpen closes a socket without a user id with 4401 and logs what to pass", () => {
    const lines: string[] = [];
    const write = (_fields: object, text: string) => void lines.push(text);
    const logger = { debug: write, info: write, warn: write, error: write };
    for (const data of [undefined, null, {}, "ada", { userId: 5 }, { userId: "" }]) {
      const { manager } = createWebSocketSystem({ logger });
      const socket = new FakeSocket(data);
      manager.handleOpen(socket);
      expect(socket.closes, JSON.stringify(data)).toEqual([4401]);
      expect(socket.frames).toEqual([]);
      expect(manager.wsInstances.size).toBe(0);
    }
    expect(lines.some((line) => line.includes("userId"))).toBe(true);
  });

  it("the manager ignores a second close and messages of unknown sockets", async () => {
    const system = createWebSocketSystem();
    const [ada, unknown] = [await opened(system, "ada"), new FakeSocket({ userId: "unknown" })];
    system.manager.handleMessage(unknown, "hello");
    system.manager.handleClose(unknown);
    for (let n = 0; n < 2; n++) system.manager.handleClose(ada);
    system.manager.handleMessage(ada, "after the close");
    expect(system.manager.getConnectionStats()).toMatchObject({ totalUsers: 0, totalConnections: 0 });
    expect([system.manager.wsInstances.size, system.manager.connectedUsers.size]).toEqual([0, 0]);
    expect(unknown.frames).toEqual([]);
  });

  it("broadcastMessage excludes exactly the given socket", async () => {
    const system = createWebSocketSystem();
    const sockets = [await opened(system, "ada"), await opened(system, "ada"), await opened(system, "bob")];
    await system.manager.broadcastMessage({ type: "announcement", message: "x" }, sockets[0]);
    await until("the announcement", () =>
      sockets.slice(1).every((socket) => typesOf(socket).includes("announcement")),
    );
    expect(sockets.map((socket) => typesOf(socket).includes("announcement"))).toEqual([false, true, true]);
  });

  it("broadcastMessage throws TypeError at once for text that is no message, and resolves for one that is", async () => {
    const { manager } = createWebSocketSystem();
    for (const text of ["", "x", "[]", '{"type":"chat_message"}', '{"type":"welcome"}']) {
      expect(() => manager.broadcastMessage(text), text).toThrow(TypeError);
    }
    const { id, offset } = await manager.broadcastMessage('{"type":"announcement","message":"x"}');
    expect([typeof id, typeof offset]).toEqual(["string", "number"]);
  });
});

describe("the registry", () => {
  it("the registry replaces a built-in handler by the application's", async () => {
    const system = createWebSocketSystem();
    const contents: string[] = [];
    system.handlers.on("chat_message", ({ content }) => contents.push(content));
    const ada = await opened(system, "ada");
    system.processMessage(ada, "mine now");
    await until("the handler", () => contents.length === 1);
    system.processMessage(ada, '{"type":"ping"}');
    await until("the pong", () => typesOf(ada).includes("pong"));
    expect(typesOf(ada)).not.toContain("chat_message");
  });

  it("the registry throws for a second handler of the application for one type", () => {
    const { handlers } = createWebSocketSystem();
    handlers.on("chat_message", () => undefined);
    expect(() => handlers.on("chat_message", () => undefined)).toThrow(/chat_message/);
    const registry = new MessageHandlerRegistry().register(new Custom());
    expect(() => registry.register(new Custom())).toThrow(/custom/);
  });
});

describe("a contract", () => {
  it("a contract with a reserved name or field throws TypeError at run time", () => {
    const empty = message(z.object({}));
    for (const name of ["chat_message", "welcome", "hello", "error", "users", "skip", "gap"]) {
      expect(() => defineProtocol({ clientMessages: { [name]: empty } }), name).toThrow(TypeError);
      expect(() => defineProtocol({ serverMessages: { [name]: empty } }), name).toThrow(TypeError);
    }
    const users = request({ input: z.void(), output: z.void() });
    expect(() => defineProtocol({ requests: { ["users" as string]: users } })).toThrow(TypeError);
    for (const field of ["type", "$"]) {
      const schema: z.ZodObject = z.object({ [field]: z.string() });
      expect(() => message(schema), field).toThrow(TypeError);
    }
  });
});

describe("attachWebSocketServer", () => {
  it("attachWebSocketServer returns a function that releases the path", async () => {
    const { manager } = createWebSocketSystem({ authenticate: () => ({ user: { id: "ada" } }) });
    const server = createServer((_request, response) => response.writeHead(404).end());
    const detach = attachWebSocketServer(server, { manager, path: "/live" });
    const port = await listenOnLoopback(server);
    expect(await handshake({ port, target: "/live" })).toMatchObject({ status: 101 });
    expect(await handshake({ port, target: "/live?c=x&a=1" })).toMatchObject({ status: 101 });
    expect(await handshake({ port, target: "/live", plain: true })).toMatchObject({ status: 426 });
    detach();
    expect((await handshake({ port, target: "/live" })).status).not.toBe(101);
    expect(await handshake({ port, target: "/live", plain: true })).toMatchObject({ status: 404 });
    await manager.close();
    server.close();
  });
});

// A chat server for the pages of @halyard/react, which counts their sockets.
import { createServer } from "node:http";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";

export class ChatServer {
  url = "";
  /** The TCP connections that came, whatever became of them. */
  sockets = 0;
  /** The WebSocket connections that are open. */
  open = 0;
  readonly #server = createServer();
  readonly #system = createWebSocketSystem({
    authenticate: () => ({ user: { id: "ada", name: "Ada" } }),
    allowedOrigins: () => true,
    authorize: () => true,
    builtIns: { chat: "rooms", typing: "rooms", presence: "rooms" },
    onConnect: () => {
      this.open++;
    },
    onDisconnect: () => {
      this.open--;
    },
  });

  static async start(): Promise<ChatServer> {
    const chat = new ChatServer();
    const server = chat.#server.on("connection", () => chat.sockets++);
    attachWebSocketServer(server, { manager: chat.#system.manager });
    chat.url = `ws://127.0.0.1:${String(await listenOnLoopback(server))}/ws`;
    return chat;
  }

  async close(): Promise<void> {
    await this.#system.manager.close();
    this.#server.close();
  }
}

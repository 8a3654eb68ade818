import type { WebSocketManager } from "@halyard/server";
import * as entry from "@halyard/server/node";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { afterEach, expect, it } from "vitest";
import { requestText, upgradeText } from "../support/handshake.ts";
import {
  closeServers,
  createManager,
  exchange,
  firstMessage,
  listen,
  statusesOf,
} from "../support/http-servers.ts";

afterEach(closeServers);

it("an application that owns the upgrade event hands over the upgrades of one path, and keeps all others [s-H4]", async () => {
  const { manager } = createManager();
  expect(entry).toHaveProperty("createNodeWebSocket");
  const { handleUpgrade, handleRequest } = entry.createNodeWebSocket({ manager, path: "/ws" });
  const server = createServer((request, response) => {
    if (!handleRequest(request, response)) response.end("page");
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    if (!handleUpgrade(request, socket, new Uint8Array(head))) socket.end("HTTP/1.1 418 Own\r\n\r\n");
  });
  const port = await listen(server);
  expect(await firstMessage(`ws://127.0.0.1:${String(port)}/ws/`)).toContain("welcome");
  expect(statusesOf(await exchange(port, upgradeText([], "/other")))).toEqual(["418"]);
  expect(statusesOf(await exchange(port, requestText([["Host", "x"]], { target: "/ws" })))).toEqual(["426"]);
  expect(await exchange(port, requestText([["Host", "x"]], { target: "/page" }))).toContain("page");
});

it("a socket that is handed over twice is not lost: the second call does nothing to it [s-H4]", async () => {
  const { manager } = createManager();
  expect(entry).toHaveProperty("createNodeWebSocket");
  const { handleUpgrade } = entry.createNodeWebSocket({ manager });
  const server = createServer();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    handleUpgrade(request, socket, head);
    handleUpgrade(request, socket, head);
  });
  const port = await listen(server);
  expect(await firstMessage(`ws://127.0.0.1:${String(port)}/ws`)).toContain("welcome");
  expect(manager.getConnectionStats().totalConnections).toBeLessThanOrEqual(1);
});

/** Never called: the compiler checks what the frameworks' server types may be. */
export function acceptsServersOfFrameworks(
  manager: WebSocketManager,
  honoOrFastify: Server | HttpsServer | Http2Server | Http2SecureServer,
  nest: Server,
  express: () => void,
): void {
  entry.attachWebSocketServer(honoOrFastify, { manager });
  entry.attachWebSocketServer(nest, { manager });
  // @ts-expect-error an application is not the server
  entry.attachWebSocketServer(express, { manager });
}

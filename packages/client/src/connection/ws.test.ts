import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { welcome } from "../../test/harness.ts";
import { createWebSocketClient } from "../index.ts";
import type { ConnectionState, WebSocketClient } from "../index.ts";

/** Closes what a test has opened. */
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function listen(admits: boolean): Promise<{ url: string; sockets: WebSocket[] }> {
  const server = createServer();
  const sockets: WebSocket[] = [];
  const wss = new WebSocketServer({ noServer: true, handleProtocols: () => "halyard.v1" });
  server.on("upgrade", (request, socket, head) => {
    if (!admits)
      return void socket.end("HTTP/1.1 401 Unauthorized\r\nhalyard: 1\r\nConnection: close\r\n\r\n");
    wss.handleUpgrade(request, socket, head, (ws) => {
      sockets.push(ws);
      ws.on("error", () => {});
      // The first message is the hello.
      ws.once("message", () => ws.send(JSON.stringify(welcome())));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    for (const ws of sockets) ws.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`, sockets };
}

function reaches(client: WebSocketClient, status: ConnectionState["status"]): Promise<ConnectionState> {
  return new Promise((resolve) => {
    const check = (state: ConnectionState) => state.status === status && resolve(state);
    client.onStateChange(check);
    check(client.state);
  });
}

function connect(url: string): WebSocketClient {
  const client = createWebSocketClient({ url, WebSocket });
  open.push(() => client.close());
  return client;
}

describe("a client on sockets of ws", () => {
  it("reads the status of a rejected handshake from the socket", async () => {
    const { url } = await listen(false);
    expect(await reaches(connect(url), "authRequired")).toMatchObject({
      status: "authRequired",
      reason: "unauthenticated",
      cause: { kind: "refused", status: 401 },
    });
  });

  it("rejects a message of more than 2 MiB, and reconnects", async () => {
    const { url, sockets } = await listen(true);
    const client = connect(url);
    const received: unknown[] = [];
    client.on("announcement", (message) => received.push(message));
    await reaches(client, "open");
    sockets[0]?.send(JSON.stringify({ type: "announcement", message: "x".repeat(2 ** 21) }));
    await reaches(client, "waiting");
    await reaches(client, "open");
    expect(sockets).toHaveLength(2);
    expect(received).toEqual([]);
  });

  it("closes while it connects", async () => {
    const { url } = await listen(true);
    const client = connect(url);
    await new Promise((resolve) => setTimeout(resolve, 5));
    client.close();
    expect(client.state.status).toBe("closed");
  });
});

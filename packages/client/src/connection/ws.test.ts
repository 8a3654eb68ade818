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

async function listen(
  admits: boolean | string,
): Promise<{ url: string; sockets: WebSocket[]; offers: unknown[] }> {
  const server = createServer();
  const sockets: WebSocket[] = [];
  const offers: unknown[] = [];
  const wss = new WebSocketServer({ noServer: true, handleProtocols: () => "halyard.v1" });
  server.on("upgrade", (request, socket, head) => {
    const offer = request.headers["sec-websocket-protocol"];
    offers.push(offer);
    if (admits !== true && offer !== `halyard.v1,halyard.ticket.${String(admits)}`)
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
  return { url: `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`, sockets, offers };
}

function reaches(client: WebSocketClient, status: ConnectionState["status"]): Promise<ConnectionState> {
  return new Promise((resolve) => {
    const check = (state: ConnectionState) => state.status === status && resolve(state);
    client.onStateChange(check);
    check(client.state);
  });
}

function connect(url: string, ticket?: () => string): WebSocketClient {
  const backoff = { minMs: 1, baseMs: 1, maxMs: 1 };
  const client = createWebSocketClient({ url, WebSocket, backoff, ticket });
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

  it("connects with a new ticket where the server has refused one, which may have expired", async () => {
    const { url, offers } = await listen("t2");
    let count = 0;
    await reaches(
      connect(url, () => `t${String(++count)}`),
      "open",
    );
    expect(offers).toEqual(["halyard.v1,halyard.ticket.t1", "halyard.v1,halyard.ticket.t2"]);
  });

  it("stops where the server refuses a second ticket in a row", async () => {
    const { url, offers } = await listen(false);
    let count = 0;
    const client = connect(url, () => `t${String(++count)}`);
    expect(await reaches(client, "authRequired")).toMatchObject({ reason: "unauthenticated" });
    expect(offers).toEqual(["halyard.v1,halyard.ticket.t1", "halyard.v1,halyard.ticket.t2"]);
  });

  it("does not send a refused ticket again", async () => {
    const { url, offers } = await listen(false);
    const client = connect(url, () => "jwt");
    expect(await reaches(client, "authRequired")).toMatchObject({ cause: { kind: "refused", status: 401 } });
    expect(offers).toEqual(["halyard.v1,halyard.ticket.jwt"]);
    client.authenticate();
    await reaches(client, "connecting");
    await reaches(client, "authRequired");
    expect(offers).toHaveLength(2);
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

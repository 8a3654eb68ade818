// HTTP servers in the process of the test, and raw requests and WebSockets to them.
// `closeServers` closes all servers, managers and sockets that a test has opened here.
import { createWebSocketSystem } from "@halyard/server";
import type { RequestListener, Server } from "node:http";
import { connect } from "node:net";
import { WebSocket } from "ws";
import type { Header } from "./handshake.ts";
import { requestText, UPGRADE_HEADERS } from "./handshake.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";
import { until, within } from "./wait.ts";

/** The functions that `closeServers` calls, the latest first. */
export const cleanups: (() => unknown)[] = [];

export async function closeServers(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

type Authenticate = (request: {
  readonly url: string;
}) => { user: { id: string } } | Promise<{ user: { id: string } }>;

export function createManager(
  authenticate: Authenticate = () => ({ user: { id: "ada" } }),
  handshakeMs = 300,
) {
  const errors: unknown[] = [];
  const { manager } = createWebSocketSystem({
    authenticate,
    limits: { handshakeMs },
    onError: (error) => void errors.push(error),
  });
  cleanups.push(async () => manager.close());
  return { manager, errors };
}

export async function listen(server: Server): Promise<number> {
  const port = await listenOnLoopback(server);
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return port;
}

/** An application that answers with the method, the path and the body. */
export const application: RequestListener = (request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => response.end(`${String(request.method)} ${String(request.url)} ${body}`));
};

/** Sends texts on one TCP connection. @returns all bytes that come back until the connection ends or is silent */
export async function exchange(port: number, ...texts: readonly string[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  cleanups.push(() => socket.destroy());
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  for (const text of texts) {
    const before = received.length;
    socket.write(text);
    await until("an answer", () => received.length > before || socket.closed, 1_000).catch(() => undefined);
  }
  // The last answer may come in several segments.
  let length = -1;
  await until("silence", () => length === (length = received.length) || socket.closed).catch(() => undefined);
  return received;
}

export const statusesOf = (text: string): string[] =>
  [...text.matchAll(/HTTP\/1\.[01] (\d+)/g)].map(([, code = ""]) => code);

/** A request as curl --http2 and the HttpClient of Java send it. */
export const h2c = (target: string, body = ""): string =>
  requestText(
    [
      ["Host", "x"],
      ["Connection", "Upgrade, HTTP2-Settings"],
      ["Upgrade", "h2c"],
      ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
      ...(body === "" ? [] : [["Content-Length", String(body.length)] as const]),
    ],
    { target, method: body === "" ? "GET" : "POST" },
  ) + body;

export const withUpgrade = (upgrade: string, target: string): string =>
  requestText(
    [
      ["Host", "x"],
      ...UPGRADE_HEADERS.map(([name, value]): Header => [name, name === "Upgrade" ? upgrade : value]),
    ],
    { target },
  );

export async function firstMessage(url: string, options: object = {}): Promise<string> {
  const ws = new WebSocket(url, options);
  const message = new Promise<string>((resolve) => {
    ws.once("message", (data: Buffer) => {
      resolve(data.toString());
    });
    ws.on("error", (error) => {
      resolve(String(error));
    });
  });
  try {
    return await within(message, () => `a message from ${url}`, 2_000).catch(String);
  } finally {
    ws.terminate();
  }
}

import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import type { Script } from "../support/scripted-server.ts";
import { until } from "../support/wait.ts";
import { WebSocket as PackageWebSocket } from "ws";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function connect(options: WebSocketClientOptions): WebSocketClient {
  const client = createWebSocketClient({ backoff: { minMs: 20, baseMs: 40, maxMs: 200 }, ...options });
  ends.push(() => client.close());
  return client;
}

async function scripted(script?: Script) {
  const server = await startScriptedServer(script);
  ends.push(() => server.stop());
  return server;
}

/** A Halyard server that lets no user in. @returns its URL */
async function refusing(): Promise<string> {
  const http = createServer();
  const { manager } = createWebSocketSystem({ authenticate: () => null, logger: quiet });
  attachWebSocketServer(http, { manager, path: "/ws" });
  const port = await listenOnLoopback(http);
  ends.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return `ws://127.0.0.1:${String(port)}/ws`;
}
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const stateOf = (client: WebSocketClient) => client.state;
const sockets = [
  ["the platform's own class", undefined],
  ["the package ws", PackageWebSocket],
] as const;

describe("a client that can never connect", () => {
  it.each(["localhost:3000/ws", "ftp://localhost/ws"])(
    "throws a TypeError that says what to write when it is created with the URL %s [s-M4]",
    (url) => {
      expect(() => connect({ url })).toThrow(/write "wss?:/);
    },
  );

  it("throws a TypeError when it is created with no class of sockets [s-M4]", () => {
    expect(() => connect({ url: "ws://127.0.0.1:1/ws", WebSocket: {} as never, autoConnect: false })).toThrow(
      TypeError,
    );
  });

  it.each(["/ws", undefined])(
    "opens nothing for the URL %o where there is no page, until something is sent [s-M4]",
    async (url) => {
      const client = connect({ url: url as never });
      expect(stateOf(client)).toMatchObject({ status: "closed", code: 1000, cause: { kind: "local" } });
      client.join("general");
      await until(
        "the client to say why",
        () => stateOf(client).status === "closed" && stateOf(client).cause !== undefined,
      );
      await expect.poll(() => stateOf(client)).toMatchObject({ status: "closed", cause: { kind: "option" } });
    },
  );
});

describe.each(sockets)("a client with %s says in state.cause why it has no connection", (_, WebSocket) => {
  it("nothing listens at the port [s-M4]", async () => {
    const server = await scripted();
    await server.stop();
    ends.pop();
    const client = connect({ url: server.url, WebSocket });
    await expect
      .poll(() => stateOf(client))
      .toMatchObject({ status: "waiting", cause: { kind: "unreachable" } });
  });

  it("the path is wrong: HTTP 404 [s-M4]", async () => {
    const { url } = await scripted({ refusal: "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n" });
    const client = connect({ url, WebSocket });
    const cause = { kind: "refused", status: 404 };
    await expect.poll(() => stateOf(client)).toMatchObject({ status: "waiting", cause });
  });

  it("the server has closed it for good: code and reason [s-M4]", async () => {
    const { url, connections } = await scripted();
    const client = connect({ url, WebSocket });
    await until("the connection", () => client.state.status === "open");
    connections[0]?.ws.close(4410, "one device only");
    const cause = { kind: "kicked", code: 4410, reason: "one device only" };
    await expect.poll(() => stateOf(client)).toMatchObject({ status: "closed", cause });
  });

  it.each([401, 403])("a proxy answers %i: it tries again, and is not signed out [s-W8]", async (status) => {
    let tries = 0;
    const answer = `HTTP/1.1 ${String(status)} No\r\nConnection: close\r\n\r\n`;
    const { url } = await scripted({
      get refusal() {
        tries++;
        return answer;
      },
      onRequest: (_request, response) => response.writeHead(status).end(),
    });
    const client = connect({ url, WebSocket });
    await until("three tries", () => tries >= 6);
    await expect.poll(() => stateOf(client)).toMatchObject({ cause: { kind: "refused", status } });
    expect(client.state.status).not.toBe("authRequired");
  });

  it("the server refuses its ticket: authRequired [s-M5]", async () => {
    const client = connect({ url: await refusing(), WebSocket, ticket: () => Promise.resolve("refused") });
    await until("authRequired", () => client.state.status === "authRequired");
    expect(stateOf(client)).toMatchObject({
      reason: "unauthenticated",
      cause: { kind: "refused", status: 401 },
    });
  });

  it("the constructor of its sockets throws: it says so, and goes on [s-M4]", async () => {
    const errors: unknown[] = [];
    function Broken() {
      throw new Error("blocked by policy");
    }
    const client = connect({
      url: "ws://127.0.0.1:1/ws",
      WebSocket: Broken as never,
      onError: (e) => errors.push(e),
    });
    const cause = { kind: "option", message: "Error: blocked by policy" };
    await expect.poll(() => stateOf(client)).toMatchObject({ status: "waiting", cause });
    expect(errors).not.toHaveLength(0);
  });
});

describe("the wait of a client that the server closes again and again", () => {
  it.each([1011, 1013, 4011, 4029])(
    "grows after code %i, also when the server names one and the same wait [s-S10]",
    async (code) => {
      const { url, connections } = await scripted();
      const waits: number[] = [];
      const client = connect({
        url,
        backoff: { minMs: 1, baseMs: 8, maxMs: 10_000 },
        clock: clockOfChance(0.999),
      });
      client.onStateChange((state) => {
        if (state.status === "waiting") waits.push(state.retryAt - Date.now());
        if (state.status === "open") connections.at(-1)?.ws.close(code, "retryAfterMs=5");
      });
      await until("five closes", () => waits.length >= 6);
      expect(waits[5]).toBeGreaterThan(100);
    },
  );
});

function clockOfChance(chance: number): NonNullable<WebSocketClientOptions["clock"]> {
  return {
    now: () => Date.now(),
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    clearTimeout: (handle) => {
      clearTimeout(handle as NodeJS.Timeout);
    },
    random: () => chance,
  };
}

describe("a large reply", () => {
  it("of a little more than 1 MiB comes in once, with the package ws [s-D14]", async () => {
    let requests = 0;
    const result = "x".repeat(2 ** 20);
    const { url } = await scripted({
      onFrame: (frame, { send }) => {
        requests++;
        send({ type: "reply", result, $: { re: frame.$?.["id"] } });
      },
    });
    const client = connect({ url, WebSocket: PackageWebSocket });
    expect(await client.request("large" as never, undefined as never)).toHaveLength(result.length);
    expect(requests).toBe(1);
  });
});

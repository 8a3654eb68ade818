import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect as connectHttp2, createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { CERTIFICATE, KEY } from "../fixtures/certificate.ts";
import type { Header } from "../support/handshake.ts";
import { handshake, requestText, UPGRADE_HEADERS, upgradeText } from "../support/handshake.ts";
import {
  application,
  cleanups,
  closeServers,
  createManager,
  exchange,
  firstMessage,
  h2c,
  listen,
  statusesOf,
  withUpgrade,
} from "../support/http-servers.ts";
import { until, within } from "../support/wait.ts";

afterEach(closeServers);

describe("an Upgrade that is not exactly websocket", () => {
  it.each(["h2c", "TLS/1.0", "websocket, foo", "foo", "", "websockets"])(
    "is served as the ordinary request that it also is: %s [s-H1]",
    async (upgrade) => {
      const server = createServer(application);
      attachWebSocketServer(server, { manager: createManager().manager });
      const port = await listen(server);
      const answer = await exchange(
        port,
        withUpgrade(upgrade, "/page"),
        requestText([["Host", "x"]], { target: "/next" }),
      );
      expect(statusesOf(answer)).toEqual(["200", "200"]);
      expect(answer).toContain("GET /page ");
      expect(answer).toContain("GET /next ");
      expect(statusesOf(await exchange(port, withUpgrade(upgrade, "/ws")))).toEqual(["426"]);
    },
  );

  it("keeps its body and its connection [s-H1]", async () => {
    const server = createServer(application);
    attachWebSocketServer(server, { manager: createManager().manager });
    const port = await listen(server);
    const answer = await exchange(port, h2c("/page", "some body"), h2c("/next"), upgradeText());
    expect(answer).toContain("POST /page some body");
    expect(answer).toContain("GET /next ");
    expect(statusesOf(answer)).toEqual(["200", "200", "101"]);
  });

  it("of another version of HTTP is no upgrade for a listener of the application either, of another protocol it is [s-H1]", async () => {
    const server = createServer(application);
    attachWebSocketServer(server, { manager: createManager().manager });
    server.on("upgrade", ({ headers }, socket) => {
      socket.end(`HTTP/1.1 101 Switching\r\nupgrade: ${String(headers.upgrade)}\r\n\r\n`);
    });
    const port = await listen(server);
    expect(statusesOf(await exchange(port, h2c("/page")))).toEqual(["200"]);
    expect(await exchange(port, withUpgrade("tunnel", "/page"))).toContain("upgrade: tunnel");
    expect(statusesOf(await exchange(port, withUpgrade("tunnel", "/ws")))).toEqual(["426"]);
  });

  it("leaves a POST, a request of HTTP/1.0, and one without Connection: upgrade what they are [s-H1]", async () => {
    const server = createServer(application);
    attachWebSocketServer(server, { manager: createManager().manager });
    const port = await listen(server);
    const headers: readonly Header[] = [["Host", "x"], ...UPGRADE_HEADERS];
    const post = requestText([...headers, ["Content-Length", "4"]], { method: "POST", target: "/page" });
    expect(await exchange(port, `${post}body`)).toContain("POST /page body");
    expect(await exchange(port, requestText(headers, { version: "1.0", target: "/page" }))).toContain(
      "GET /page ",
    );
    const plain = headers.filter(([name]) => name !== "Connection");
    expect(await exchange(port, requestText(plain, { target: "/page" }))).toContain("GET /page ");
  });

  it("is served on a server whose application decides about upgrades itself, as it decides [s-H1]", async () => {
    const server = createServer(application);
    if (!("shouldUpgradeCallback" in server)) return;
    Reflect.set(server, "shouldUpgradeCallback", ({ url = "" }: { url?: string }) => url.startsWith("/chat"));
    attachWebSocketServer(server, { manager: createManager().manager });
    const port = await listen(server);
    expect(await exchange(port, upgradeText([], "/page"))).toContain("GET /page ");
    expect(await firstMessage(`ws://127.0.0.1:${String(port)}/ws`)).toContain("welcome");
  });
});

describe("requests over HTTP/2", () => {
  const secure = { key: KEY, cert: CERTIFICATE, allowHTTP1: true };

  async function statusOverHttp2(port: number, headers: object): Promise<unknown> {
    const session = connectHttp2(`https://127.0.0.1:${String(port)}`, { ca: CERTIFICATE });
    cleanups.push(() => {
      session.destroy();
    });
    session.on("error", () => undefined);
    const stream = session.request({ ":path": "/ws", ...headers });
    const status = new Promise((resolve) => {
      stream.on("response", (answer) => {
        resolve(answer[":status"]);
      });
      stream.on("error", resolve);
    });
    return within(status, () => "a response", 2_000).catch((error: unknown) => error);
  }

  it("to the path of a WebSocket get the plain answers, and end nothing [s-K3]", async () => {
    const { manager, errors } = createManager();
    const server = createSecureServer(
      { ...secure, settings: { enableConnectProtocol: true } },
      (_request, response) => {
        response.end("page");
      },
    );
    attachWebSocketServer(server as unknown as Server, { manager });
    const port = await listen(
      Object.assign(server as unknown as Server, { closeAllConnections: () => undefined }),
    );
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    cleanups.push(() => process.off("unhandledRejection", onUnhandled));
    expect(await statusOverHttp2(port, {})).toBe(426);
    expect(await statusOverHttp2(port, { ":path": "/ws/?a=1", origin: "https://evil.test" })).toBe(426);
    expect(await statusOverHttp2(port, { ":method": "POST" })).toBe(405);
    expect(await statusOverHttp2(port, { ":path": "/page" })).toBe(200);
    const extended = {
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "https",
      ":authority": "x",
    };
    expect(await statusOverHttp2(port, extended)).toBe(405);
    expect(await firstMessage(`wss://127.0.0.1:${String(port)}/ws`, { ca: CERTIFICATE })).toContain(
      "welcome",
    );
    expect([...unhandled, ...errors]).toEqual([]);
  });
});

describe("a WebSocket", () => {
  it("is served over https, also on a server that listens already [s-K1]", async () => {
    const server = createHttpsServer({ key: KEY, cert: CERTIFICATE }, application);
    const port = await listen(server);
    attachWebSocketServer(server as unknown as Server, { manager: createManager().manager });
    expect(await firstMessage(`wss://127.0.0.1:${String(port)}/ws`, { ca: CERTIFICATE })).toContain(
      "welcome",
    );
  });

  it("is served when a proxy asks for it by the whole address, whose host counts for nothing", async () => {
    const server = createServer(application);
    const urls: string[] = [];
    const { manager } = createManager(({ url }) => {
      urls.push(url);
      return { user: { id: "ada" } };
    });
    attachWebSocketServer(server, { manager });
    const port = await listen(server);
    for (const target of ["http://a.test/ws?x=1", "WS://[::1]:8080/ws/"])
      expect((await handshake({ port, target })).status).toBe(101);
    for (const target of ["http://a.test/page", "http://a.test", "//a.test/ws", "/http://a.test/ws"])
      expect((await handshake({ port, target })).status).toBe(404);
    expect(urls).toEqual(["/ws?x=1", "/ws/"]);
    expect((await handshake({ port, target: "http://a.test/ws", plain: true })).status).toBe(426);
  });

  it("is served on a Unix socket [s-S6]", async () => {
    const server = createServer(application);
    attachWebSocketServer(server, { manager: createManager().manager });
    const path = join(tmpdir(), `halyard-${String(process.pid)}.sock`);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    cleanups.push(() => server.close());
    expect(await firstMessage(`ws+unix://${path}:/ws`)).toContain("welcome");
  });

  it("is served on a connection that did ordinary requests before, after their responses [s-K1]", async () => {
    const server = createServer((request, response) => {
      setTimeout(() => response.end(`page ${String(request.url)}`), 50);
    });
    attachWebSocketServer(server, { manager: createManager().manager });
    const port = await listen(server);
    const page = (target: string): string => requestText([["Host", "x"]], { target });
    expect(statusesOf(await exchange(port, page("/1"), upgradeText()))).toEqual(["200", "101"]);
    const pipelined = connect({ host: "127.0.0.1", port });
    cleanups.push(() => pipelined.destroy());
    let received = "";
    pipelined.on("data", (chunk) => (received += chunk.toString("latin1")));
    pipelined.write(page("/1") + page("/2") + upgradeText());
    await until("three answers", () => statusesOf(received).length === 3);
    expect(statusesOf(received)).toEqual(["200", "200", "101"]);
  });

  it("is not seen by other upgrade listeners, which may refuse what they do not know [s-K1]", async () => {
    const server = createServer(application);
    // As `new WebSocketServer({ server, path })` of ws does.
    const before = new WebSocketServer({ server, path: "/before" });
    attachWebSocketServer(server, { manager: createManager().manager });
    const after = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      if (request.url === "/after")
        after.handleUpgrade(request, socket, head, (ws) => {
          ws.send("after");
        });
    });
    cleanups.push(() => before.close());
    const port = await listen(server);
    expect(await firstMessage(`ws://127.0.0.1:${String(port)}/ws`)).toContain("welcome");
    expect(statusesOf(await exchange(port, upgradeText([], "/nobody")))[0]).toBe("400");
  });
});

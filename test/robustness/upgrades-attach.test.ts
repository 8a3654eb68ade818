import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { createSecureServer } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { requestText, upgradeText } from "../support/handshake.ts";
import {
  application,
  closeServers,
  createManager,
  exchange,
  firstMessage,
  listen,
  statusesOf,
} from "../support/http-servers.ts";

afterEach(closeServers);

describe("attach and detach", () => {
  it("gives back what attaching changed on the server, in any order of detaching [s-H3]", async () => {
    const server = createServer(application);
    const read = () => [
      server.headersTimeout,
      Object.hasOwn(server, "emit"),
      Reflect.get(server, "shouldUpgradeCallback") as unknown,
      server.listenerCount("upgrade"),
      Object.getOwnPropertySymbols(server).filter((symbol) =>
        String(symbol.description).startsWith("halyard"),
      ),
    ];
    const before = read();
    for (const first of [0, 1]) {
      const attached = ["/a", "/b"].map((path) =>
        attachWebSocketServer(server, { manager: createManager().manager, path }),
      );
      expect(server.headersTimeout).toBe(300);
      attached[first]?.();
      expect(server.headersTimeout).toBe(300);
      attached[1 - first]?.();
      attached[first]?.();
      expect(read()).toEqual(before);
    }
    const port = await listen(server);
    expect(await exchange(port, upgradeText([], "/a"))).toContain("GET /a ");
  });

  it("leaves a headersTimeout of the application alone [s-H3]", () => {
    const server = createServer({ headersTimeout: 5_000 });
    attachWebSocketServer(server, { manager: createManager().manager })();
    expect(server.headersTimeout).toBe(5_000);
    const detach = attachWebSocketServer(server, { manager: createManager().manager });
    server.headersTimeout = 7_000;
    detach();
    expect(server.headersTimeout).toBe(7_000);
  });

  it("goes on when something else has replaced emit since, and attaches again [s-H3]", async () => {
    const server = createServer(application);
    const detach = attachWebSocketServer(server, { manager: createManager().manager, path: "/a" });
    const inner = server.emit.bind(server) as (...args: unknown[]) => boolean;
    server.emit = ((...args: unknown[]) => inner(...args)) as typeof server.emit;
    detach();
    const port = await listen(server);
    expect(await exchange(port, upgradeText([], "/a"))).toContain("GET /a ");
    attachWebSocketServer(server, { manager: createManager().manager, path: "/a" });
    expect(await firstMessage(`ws://127.0.0.1:${String(port)}/a`)).toContain("welcome");
  });

  it("refuses the same path twice, and takes it again after detaching [s-K1]", () => {
    const server = createServer();
    const { manager } = createManager();
    const detach = attachWebSocketServer(server, { manager, path: "/ws" });
    expect(() => attachWebSocketServer(server, { manager, path: "/ws/" })).toThrow(
      /path \/ws of this server is taken/,
    );
    detach();
    attachWebSocketServer(server, { manager, path: "/ws/" });
  });

  it.each([
    ["ws", /write path: "\/ws"/],
    ["", /write path: "\/"/],
    ["/ws?room=1", /write path: "\/ws"/],
    ["ws://localhost:3000/live", /write path: "\/live"/],
    ["/wß", /write path: "\/w%C3%9F"/],
    ["/ws/:room", /write path: \(pathname\) =>/],
    ["/ws/*", /write path: \(pathname\) =>/],
    [5, /write path: "\/ws"/],
  ])(
    "throws a TypeError with the line to write for the path %s, which no request has [s-H3]",
    (path, line) => {
      const attach = () =>
        attachWebSocketServer(createServer(), { manager: createManager().manager, path: path as string });
      expect(attach).toThrow(TypeError);
      expect(attach).toThrow(line);
    },
  );

  it.each([
    [
      "an Express application",
      Object.assign(() => undefined, { listen: () => undefined, on: () => undefined }),
      /createServer\(app\)/,
    ],
    [
      "a Fastify application",
      { server: createServer(), listen: () => undefined },
      /attachWebSocketServer\(app\.server/,
    ],
    ["a Nest application", { getHttpServer: () => undefined }, /app\.getHttpServer\(\)/],
    ["a Hono application", { fetch: () => undefined }, /serve\(/],
    ["an HTTP/2 server without HTTP/1", createSecureServer(), /allowHTTP1: true/],
    ["nothing", undefined, /createServer\(\)/],
    ["null", null, /createServer\(\)/],
  ])(
    "throws a TypeError with the line to write for %s in place of the server [s-H3]",
    (_what, server, line) => {
      const attach = () =>
        attachWebSocketServer(server as unknown as Server, { manager: createManager().manager });
      expect(attach).toThrow(TypeError);
      expect(attach).toThrow(line);
    },
  );

  it.each([undefined, {}, { manager: undefined }, { manager: {} }, { manager: "x" }])(
    "throws a TypeError with the line to write for the options %j without a manager [s-H3]",
    (options) => {
      const attach = () => attachWebSocketServer(createServer(), options as never);
      expect(attach).toThrow(TypeError);
      expect(attach).toThrow(/write attachWebSocketServer\(server, \{ manager \}\)/);
    },
  );
});

describe("the path", () => {
  it("is the same with and without a slash at its end, for upgrades and plain requests [s-H3]", async () => {
    const server = createServer(application);
    attachWebSocketServer(server, { manager: createManager().manager, path: "/a" });
    attachWebSocketServer(server, { manager: createManager().manager, path: "/b/" });
    const port = await listen(server);
    for (const path of ["/a", "/a/", "/b", "/b/", "/a/?x=1"]) {
      expect(await firstMessage(`ws://127.0.0.1:${String(port)}${path}`), path).toContain("welcome");
      expect(statusesOf(await exchange(port, requestText([["Host", "x"]], { target: path }))), path).toEqual([
        "426",
      ]);
    }
    expect(await exchange(port, requestText([["Host", "x"]], { target: "/a//" }))).toContain("GET /a// ");
  });

  it("may be a function, which hears the path alone and cannot harm [s-H3]", async () => {
    const server = createServer(application);
    const { manager, errors } = createManager();
    const heard = new Set<string>();
    const decide = (pathname: string): unknown => {
      heard.add(pathname);
      if (pathname === "/throws") throw new Error("no");
      if (pathname === "/rejects") return Promise.reject(new Error("no"));
      return pathname === "/promise" ? Promise.resolve(true) : pathname.startsWith("/live/");
    };
    attachWebSocketServer(server, { manager, path: decide as (pathname: string) => boolean });
    const port = await listen(server);
    expect(await firstMessage(`ws://127.0.0.1:${String(port)}/live/1?x=1`)).toContain("welcome");
    expect(heard).toEqual(new Set(["/live/1"]));
    for (const target of ["/throws", "/promise", "/rejects", "/page"])
      expect(await exchange(port, requestText([["Host", "x"]], { target }))).toContain(`GET ${target} `);
    expect(errors).toHaveLength(3);
  });
});

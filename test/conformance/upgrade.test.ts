import { connect } from "node:net";
import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import type { HandshakeAnswer, HandshakeOptions } from "../support/handshake.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachRuntime("an upgrade", {}, (app) => {
  it("is refused with 401 without a session, and nothing else is sent", async () => {
    const answer = await ask(app, { headers: [["Origin", ORIGIN]] });
    expect(answer.status).toBe(401);
    expectNoFrame(answer);
  });

  it("is refused with 403 from a foreign origin, session or not, and nothing else is sent", async () => {
    for (const session of [[], [SESSION]] as const) {
      const answer = await ask(app, { headers: [["Origin", "http://evil.test"], ...session] });
      expect(answer.status).toBe(403);
      expectNoFrame(answer);
    }
  });

  it("tells the application nothing of whom it refused", async () => {
    await ask(app, {
      headers: [
        ["Cookie", "session=eve"],
        ["Origin", "http://evil.test"],
      ],
    });
    expect(await app.journal("connect", "eve")).toEqual([]);
  });

  it("is refused with 429 when the authenticator says so, and with 503 when it fails", async () => {
    expect(await ask(app, { headers: [["Cookie", "session=busy"]] })).toMatchObject({ status: 429 });
    const failed = await ask(app, { headers: [["Cookie", "session=broken"]] });
    expect(failed.status).toBe(503);
    expect(failed.rest.toString()).not.toContain("hunter2");
  });

  it("is let in with a session, from the application's own origin", async () => {
    expect(await ask(app, { headers: [["Origin", ORIGIN], SESSION] })).toMatchObject({ status: 101 });
  });

  it("is refused on any other path", async () => {
    for (const target of ["/", "/other", "/ws/below", "/wss"]) {
      const { status } = await ask(app, { target, headers: [SESSION] });
      expect([0, 400, 404]).toContain(status);
    }
  });

  it("is refused for hostile request targets, and the server lives on", async () => {
    // Bun resolves dots before the application sees the target: there it is /ws, and checked as such.
    const dotted = app.runtime === "bun" ? [] : ["/%2e%2e/ws", "/a/../ws"];
    for (const target of ["//evil.test/ws", "//", "*", "/ws/../admin", "/ws%00", "/ws%ff", ...dotted]) {
      const { status } = await ask(app, { target, headers: [SESSION] });
      expect(status, target).not.toBe(101);
    }
    await app.plain();
  });

  it("is refused when it is not a proper WebSocket handshake", async () => {
    const broken: [string, string][][] = [
      [["Upgrade", "h2c"]],
      [
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Version", "13"],
      ],
      [
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Version", "13"],
        ["Sec-WebSocket-Key", "short"],
      ],
    ];
    for (const headers of broken) {
      const { status } = await ask(app, {
        plain: true,
        headers: [["Connection", "Upgrade"], SESSION, ...headers],
      });
      expect([0, 400, 404, 405, 426], JSON.stringify(headers)).toContain(status);
    }
  });

  it("leaves nothing behind when the client goes away while it is being authenticated", async () => {
    for (let n = 0; n < 5; n++) {
      const socket = connect({ host: "127.0.0.1", port: app.port });
      socket.on("error", () => undefined);
      const head = ["GET /ws HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket"];
      const rest = [
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Cookie: session=slow",
      ];
      await new Promise<void>((resolve) => {
        socket.write(`${[...head, ...rest].join("\r\n")}\r\n\r\n`, () => {
          resolve();
        });
      });
      socket.resetAndDestroy();
    }
    await app.plain("slow-1");
    await until("the ghosts to be gone", async () => (await app.stats()).totalUsers === 1);
  });
});

onEachRuntime("a subprotocol", {}, (app) => {
  it("is answered as halyard.v1 when it is offered, alone or before a ticket", async () => {
    for (const offer of ["halyard.v1", "halyard.v1, halyard.ticket.c2VjcmV0"]) {
      expect(await subprotocol(app, offer), offer).toEqual([101, "halyard.v1"]);
    }
  });

  it("is not answered to a client that offers none", async () => {
    expect(await subprotocol(app)).toEqual([101, undefined]);
  });

  it("is refused with 400 when only unknown ones are offered, and none is echoed", async () => {
    for (const offer of ["chat", "chat, halyard.v2", "halyard.ticket.c2VjcmV0"]) {
      expect(await subprotocol(app, offer), offer).toEqual([400, undefined]);
    }
  });

  it("is refused with 400 when more than eight are offered", async () => {
    const offers = (count: number) => [
      "halyard.v1",
      ...Array.from({ length: count - 1 }, (_, n) => `x${String(n)}`),
    ];
    expect(await subprotocol(app, offers(8).join(", "))).toEqual([101, "halyard.v1"]);
    expect(await subprotocol(app, offers(9).join(", "))).toEqual([400, undefined]);
    expect(await subprotocol(app, offers(1000).join(", "))).toEqual([400, undefined]);
  });
});

onEachRuntime("a plain GET on the path", {}, (app) => {
  it("answers what an upgrade would get, empty and not to be stored", async () => {
    const expected: [number, [string, string][]][] = [
      [426, [SESSION]],
      [426, [SESSION, ["Origin", ORIGIN]]],
      [401, []],
      [403, [SESSION, ["Origin", "http://evil.test"]]],
      [429, [["Cookie", "session=busy"]]],
      [503, [["Cookie", "session=broken"]]],
    ];
    for (const [status, headers] of expected) {
      const answer = await ask(app, { plain: true, headers });
      expect(answer.status, JSON.stringify(headers)).toBe(status);
      expect(answer.rest.length).toBe(0);
      expect(answer.headers.get("cache-control")).toContain("no-store");
    }
  });

  it("leaves other paths to the application", async () => {
    expect(await ask(app, { plain: true, target: "/elsewhere" })).toMatchObject({ status: 404 });
  });
});

const SESSION = ["Cookie", "session=ada"] as [string, string];

async function ask(app: TestApp, options: Omit<HandshakeOptions, "port">): Promise<HandshakeAnswer> {
  return handshake({ port: app.port, ...options });
}

async function subprotocol(app: TestApp, offer?: string): Promise<[number, string | undefined]> {
  const offered: [string, string][] = offer === undefined ? [] : [["Sec-WebSocket-Protocol", offer]];
  const { status, headers } = await ask(app, { headers: [SESSION, ...offered] });
  return [status, headers.get("sec-websocket-protocol")];
}

/** Whatever follows the head of a refusal is a body of exactly the announced length, and never a WebSocket frame. */
function expectNoFrame({ headers, rest }: HandshakeAnswer): void {
  expect(headers.has("sec-websocket-accept")).toBe(false);
  expect(rest.length).toBe(Number(headers.get("content-length") ?? 0));
  expect(rest.toString()).not.toContain("welcome");
}

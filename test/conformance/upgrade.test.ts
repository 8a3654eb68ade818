import { connect } from "node:net";
import { expect, it } from "vitest";
import { handshake, upgradeText } from "../support/handshake.ts";
import type { HandshakeAnswer, HandshakeOptions } from "../support/handshake.ts";
import { onEachBackplaneIfLong, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachBackplaneIfLong("upgrades", {}, (app) => {
  it("an upgrade without a session is rejected with 401, and no frame is sent", async () => {
    const answer = await upgrade(app, { headers: [["Origin", ORIGIN]] });
    expect(answer.status).toBe(401);
    expectNoFrame(answer);
  });

  it("an upgrade from a foreign origin is rejected with 403 with and without a session, and no frame is sent", async () => {
    for (const session of [[], [SESSION]] as const) {
      const answer = await upgrade(app, { headers: [["Origin", "http://evil.test"], ...session] });
      expect(answer.status).toBe(403);
      expectNoFrame(answer);
    }
  });

  it("a rejected upgrade does not call onConnect", async () => {
    await upgrade(app, {
      headers: [
        ["Cookie", "session=eve"],
        ["Origin", "http://evil.test"],
      ],
    });
    expect(await app.journal("connect", "eve")).toEqual([]);
  });

  it("an upgrade is rejected with 429 when the authenticator throws rate_limited and with 503 when it fails", async () => {
    expect(await upgrade(app, { headers: [OWN, ["Cookie", "session=busy"]] })).toMatchObject({ status: 429 });
    const failed = await upgrade(app, { headers: [OWN, ["Cookie", "session=broken"]] });
    expect(failed.status).toBe(503);
    expect(failed.rest.toString()).not.toContain("hunter2");
  });

  it("an upgrade with a session from the application's own origin is accepted", async () => {
    expect(await upgrade(app, { headers: [OWN, SESSION] })).toMatchObject({ status: 101 });
  });

  it("an upgrade on any other path is rejected", async () => {
    for (const target of ["/", "/other", "/ws/below", "/wss"]) {
      const { status } = await upgrade(app, { target, headers: [SESSION] });
      expect([0, 400, 404]).toContain(status);
    }
  });

  it("an upgrade with a hostile request target is rejected, and the server keeps running", async () => {
    // Bun resolves dots before the application sees the target: it checks the target as /ws.
    const dotted = app.runtime === "bun" ? [] : ["/%2e%2e/ws", "/a/../ws"];
    for (const target of ["//evil.test/ws", "//", "*", "/ws/../admin", "/ws%00", "/ws%ff", ...dotted]) {
      const { status } = await upgrade(app, { target, headers: [SESSION] });
      expect(status, target).not.toBe(101);
    }
    await app.plain();
  });

  it("an upgrade that is no proper WebSocket handshake is rejected", async () => {
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
      const { status } = await upgrade(app, {
        plain: true,
        headers: [["Connection", "Upgrade"], SESSION, ...headers],
      });
      expect([0, 400, 404, 405, 426], JSON.stringify(headers)).toContain(status);
    }
  });

  it("a client that disconnects during its authentication leaves nothing behind", async () => {
    for (let n = 0; n < 5; n++) {
      const socket = connect({ host: "127.0.0.1", port: app.port });
      socket.on("error", () => undefined);
      await new Promise<void>((resolve) => {
        socket.write(upgradeText([OWN, ["Cookie", "session=slow"]]), () => {
          resolve();
        });
      });
      socket.resetAndDestroy();
    }
    await app.plain("slow-1");
    await until("the abandoned connections to be removed", async () => (await app.stats()).totalUsers === 1);
  });
});

onEachBackplaneIfLong("subprotocols", {}, (app) => {
  it("the subprotocol halyard.v1 is selected when it is offered alone or before a ticket", async () => {
    for (const offer of ["halyard.v1", "halyard.v1, halyard.ticket.c2VjcmV0"]) {
      expect(await subprotocol(app, offer), offer).toEqual([101, "halyard.v1"]);
    }
  });

  it("no subprotocol is selected for a client that offers none", async () => {
    expect(await subprotocol(app)).toEqual([101, undefined]);
  });

  it("an offer of unknown subprotocols only is rejected with 400, and none is echoed", async () => {
    for (const offer of ["chat", "chat, halyard.v2", "halyard.ticket.c2VjcmV0"]) {
      expect(await subprotocol(app, offer), offer).toEqual([400, undefined]);
    }
  });

  it("an offer of more than eight subprotocols is rejected with 400", async () => {
    const offers = (count: number) => [
      "halyard.v1",
      ...Array.from({ length: count - 1 }, (_, n) => `x${String(n)}`),
    ];
    expect(await subprotocol(app, offers(8).join(", "))).toEqual([101, "halyard.v1"]);
    expect(await subprotocol(app, offers(9).join(", "))).toEqual([400, undefined]);
    expect(await subprotocol(app, offers(1000).join(", "))).toEqual([400, undefined]);
  });
});

onEachBackplaneIfLong("plain GET requests", {}, (app) => {
  it("a plain GET on the path gets the status of an upgrade, an empty body and no-store", async () => {
    const expected: [number, [string, string][]][] = [
      [426, [SESSION]],
      [426, [SESSION, OWN]],
      [401, []],
      [403, [SESSION, ["Origin", "http://evil.test"]]],
      [429, [["Cookie", "session=busy"]]],
      [503, [["Cookie", "session=broken"]]],
    ];
    for (const [status, headers] of expected) {
      const answer = await upgrade(app, { plain: true, headers });
      expect(answer.status, JSON.stringify(headers)).toBe(status);
      expect(answer.rest.length).toBe(0);
      expect(answer.headers.get("cache-control")).toContain("no-store");
    }
  });

  it("a plain GET on another path reaches the application", async () => {
    expect(await upgrade(app, { plain: true, target: "/elsewhere" })).toMatchObject({ status: 404 });
  });
});

const SESSION = ["Cookie", "session=ada"] as [string, string];
const OWN = ["Origin", ORIGIN] as [string, string];

async function upgrade(app: TestApp, options: Omit<HandshakeOptions, "port">): Promise<HandshakeAnswer> {
  return handshake({ port: app.port, ...options });
}

async function subprotocol(app: TestApp, offer?: string): Promise<[number, string | undefined]> {
  const offered: [string, string][] = offer === undefined ? [] : [["Sec-WebSocket-Protocol", offer]];
  const { status, headers } = await upgrade(app, { headers: [OWN, SESSION, ...offered] });
  return [status, headers.get("sec-websocket-protocol")];
}

/** Expects a rejection without a WebSocket frame: a body of exactly the announced length, or none. */
function expectNoFrame({ headers, rest }: HandshakeAnswer): void {
  expect(headers.has("sec-websocket-accept")).toBe(false);
  expect(rest.length).toBe(Number(headers.get("content-length") ?? 0));
  expect(rest.toString()).not.toContain("welcome");
}

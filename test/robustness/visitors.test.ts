import { createWebSocketSystem } from "@halyard/server";
import { createBunWebSocket } from "@halyard/server/bun";
import { attachWebSocketServer } from "@halyard/server/node";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { handshake, upgradeText } from "../support/handshake.ts";
import type { Header } from "../support/handshake.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { onEachRuntime, ORIGIN, TestApp } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const V13 = {
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};
const OWN: Header = ["Origin", ORIGIN];
const cookieOf = (user: string): Header => ["Cookie", `session=${user}`];

/** How many of the statuses are this one. */
const count = (statuses: readonly number[], status: number) =>
  statuses.filter((one) => one === status).length;

async function repeat(times: number, attempt: () => Promise<number>): Promise<number[]> {
  const statuses: number[] = [];
  while (statuses.length < times) statuses.push(...(await Promise.all(Array.from({ length: 20 }, attempt))));
  return statuses;
}

const refusals = { refusedUpgradesPerSecond: 0.1, refusedUpgradeBurst: 10 };

onEachRuntime("visitors behind a proxy that is not in trustProxy", { limits: refusals }, (app) => {
  const from = async (forwarded: string, headers: readonly Header[] = []) =>
    (await handshake({ port: app.port, headers: [["X-Forwarded-For", forwarded], ...headers] })).status;

  it("are not locked out by another visitor's wrong tries [s-M9]", async () => {
    const wrong = await repeat(40, async () => from("203.0.113.7"));
    expect([count(wrong, 401), count(wrong, 429)]).toEqual([10, 30]);
    expect(await from("203.0.113.8", [OWN, cookieOf(app.user())])).toBe(101);
    expect(await from("2001:db8::1", [OWN, cookieOf(app.user())])).toBe(101);
    expect(await from("203.0.113.7:4711", [OWN, cookieOf(app.user())])).toBe(429);
    expect(await from("198.51.100.1, 203.0.113.7", [OWN, cookieOf(app.user())])).toBe(429);
    const lines = (await app.command("log")) as string[];
    expect(lines.filter((line) => line.includes("trustProxy"))).toHaveLength(1);
  });

  it("who write a new address each time use up 20 times the limit, and nothing else believes the header [s-M9]", async () => {
    let n = 0;
    const made = await repeat(260, async () => from(`198.51.${String(n >> 7)}.${String(n++ & 127)}`));
    expect(count(made, 401)).toBeLessThanOrEqual(200);
    expect(count(made, 401)).toBeGreaterThanOrEqual(180);
    const events = (await app.command("securityEvents")) as { address?: string }[];
    expect(new Set(events.map(({ address }) => address))).toEqual(new Set(["127.0.0.1"]));
  });
});

const upgrades = { acceptedUpgradesPerSecond: 0.1, acceptedUpgradeBurst: 10, ...refusals };

onEachRuntime(
  "a user who asks more often than the limit",
  { limits: upgrades, maxConnectionsPerUser: 1_000 },
  (app) => {
    /** How often the application was asked about a user. */
    const asked = async (userId: string) => (await app.journal("authenticate", userId)).length;
    const get =
      (user: string, more: readonly Header[] = []) =>
      async () =>
        (await handshake({ port: app.port, plain: true, headers: [OWN, cookieOf(user), ...more] })).status;

    it("gets 429 for plain GETs, and the session store is not asked for them [s-A7]", async () => {
      const user = app.user();
      const first = await repeat(20, get(user));
      expect([count(first, 426), count(first, 429)]).toEqual([10, 10]);
      const before = await asked(user);
      const statuses = await repeat(200, get(user));
      expect(count(statuses, 429)).toBeGreaterThanOrEqual(198);
      expect((await asked(user)) - before).toBeLessThanOrEqual(2);
      expect(await get(app.user("bea"))()).toBe(426);
    });

    it("gets 429 for upgrades, and the session store is not asked for them [s-A7]", async () => {
      const user = app.user();
      const upgrade = async () =>
        (await handshake({ port: app.port, headers: [OWN, cookieOf(user)] })).status;
      expect(count(await repeat(20, upgrade), 101)).toBe(10);
      const before = await asked(user);
      expect(count(await repeat(100, upgrade), 429)).toBeGreaterThanOrEqual(98);
      expect((await asked(user)) - before).toBeLessThanOrEqual(2);
      expect(await get(user)()).toBe(429);
    });

    it("is not asked for again and again with other headers beside the credential [s-A7]", async () => {
      const user = app.user();
      let n = 0;
      const attempt = async () => {
        const headers: Header[] = [OWN, ["Cookie", `session=${user}; n=${String(n++)}`]];
        return (await handshake({ port: app.port, headers, localAddress: "127.0.0.5" })).status;
      };
      const statuses = await repeat(200, attempt);
      expect(count(statuses, 101)).toBe(10);
      expect(await asked(user)).toBeLessThanOrEqual(60);
      expect(await get(app.user("bea"))()).toBe(426);
    });
  },
);

describe("addresses", () => {
  const folder = mkdtempSync(join(tmpdir(), "halyard-socket-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** A system behind proxies, and the addresses of those whom its authenticator was asked for. */
  const behindProxies = () => {
    const asked: (string | undefined)[] = [];
    const authenticate = ({ remoteAddress }: { readonly remoteAddress: string | undefined }) => {
      asked.push(remoteAddress);
      return { user: { id: "ada" } };
    };
    const { manager } = createWebSocketSystem({ trustProxy: ["10.0.0.0/8"], authenticate });
    return { manager, asked };
  };

  it("an upgrade is dropped after a reset, when the peer has no address, and its forwarded address is not believed [s-S6]", async () => {
    const { manager, asked } = behindProxies();
    const attached = createServer();
    attachWebSocketServer(attached, { manager, path: "/ws" });
    const resets: Promise<unknown>[] = [];
    // An application that looks into something before it hands the upgrade on.
    const front = createServer().on("upgrade", (request, socket, head: Buffer) => {
      socket.on("error", () => undefined);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      resets.push(closed.then(() => attached.emit("upgrade", request, socket, head)));
    });
    const socket = connect(await listenOnLoopback(front), "127.0.0.1");
    socket.write(upgradeText([["X-Forwarded-For", "203.0.113.66"]]));
    await until("the upgrade to arrive", () => resets.length === 1);
    socket.resetAndDestroy();
    await Promise.all(resets);
    await new Promise((resolve) => setImmediate(resolve));
    front.close();
    await manager.close();
    expect(asked).toEqual([]);
  });

  it.each([
    ["an upgrade", { upgrade: "websocket", ...V13 }],
    ["a plain request", {}],
  ])(
    "%s is dropped when the runtime does not know its peer any more, with Bun's server [s-S6]",
    async (_what, headers) => {
      const { manager, asked } = behindProxies();
      const upgraded: unknown[] = [];
      const server = {
        port: 3_000,
        requestIP: () => null,
        upgrade: (_request: Request, { data }: { readonly data?: unknown } = {}) => upgraded.push(data) > 0,
      };
      const { fetch } = createBunWebSocket({ manager });
      const forwarded = { ...headers, "x-forwarded-for": "203.0.113.66" };
      const response = await fetch(new Request("http://app.test/ws", { headers: forwarded }), server);
      await manager.close();
      expect({ status: response?.status, asked, upgraded }).toEqual({ status: 400, asked: [], upgraded: [] });
    },
  );

  const options = (runtime: string) => ({ trustProxy: ["10.0.0.0/8"], socketPath: join(folder, runtime) });

  it.each(["node", "bun"] as const)(
    "a forwarded address is believed on a server that listens on a Unix socket, on %s [s-S6]",
    async (runtime) => {
      const app = new TestApp(runtime, options(runtime));
      await app.start();
      try {
        const headers: Header[] = [["X-Forwarded-For", "203.0.113.5, 10.0.0.1"]];
        const { status } = await handshake({ port: 0, socketPath: options(runtime).socketPath, headers });
        expect(status).toBe(401);
        expect(await app.command("securityEvents")).toMatchObject([{ address: "203.0.113.5" }]);
      } finally {
        await app.stop();
      }
    },
  );
});

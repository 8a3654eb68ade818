import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";
import type { UpgradeRejection } from "./upgrade-rejection.ts";
import { validateHandshake } from "./upgrade-rejection.ts";
import type { AnyAuthenticator } from "../session-watch.ts";
import type { AcceptedUpgrade } from "../server.ts";
import { isRejection } from "../server.ts";
import type { UpgradeRequest } from "../types.ts";

const nobody: AnyAuthenticator = () => null;
const somebody =
  (id: string): AnyAuthenticator =>
  () => ({ user: { id } });

function from(remoteAddress: string | undefined, headers: Record<string, string> = {}): UpgradeRequest {
  return { url: "/ws", headers: new Headers(headers), remoteAddress };
}

/** 101, or the status of a refusal. */
function statusOf(answer: AcceptedUpgrade | UpgradeRejection): number {
  return isRejection(answer) ? answer.status : 101;
}

describe("an address that is refused too often", () => {
  const refuse = async (system: TestSystem, address: string, count: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++)
      statuses.push(statusOf(await system.internals.upgrades.handleUpgrade(from(address), nobody)));
    return statuses;
  };

  it("waits with 429 and is not looked at, after 30 at once and 10 a second", async () => {
    const system = new TestSystem();
    const { upgrades } = system.internals;
    expect(await refuse(system, "192.0.2.1", 31)).toEqual([...Array<number>(30).fill(401), 429]);
    const asked = (): never => {
      throw new Error("asked");
    };
    const told = { status: 429, headers: { "retry-after": "1" }, reason: "refusedUpgradesPerSecond" };
    expect(await upgrades.handleUpgrade(from("192.0.2.1"), asked)).toMatchObject(told);
    expect(await upgrades.probe(from("::ffff:192.0.2.1"), asked)).toMatchObject(told);
    await system.clock.advance(1_000);
    expect(await refuse(system, "192.0.2.1", 11)).toEqual([...Array<number>(10).fill(401), 429]);
  });

  it("is a /64 of IPv6, and no other address", async () => {
    const system = new TestSystem();
    const { upgrades } = system.internals;
    for (let n = 0; n < 30; n++) await upgrades.handleUpgrade(from(`2001:db8::${n.toString(16)}`), nobody);
    const statuses = [];
    for (const address of ["2001:db8::ffff", "2001:db8:0:1::1", "192.0.2.1", undefined])
      statuses.push(statusOf(await upgrades.handleUpgrade(from(address), somebody("ada"))));
    expect(statuses).toEqual([429, 101, 101, 101]);
  });

  it("is the one that a trusted proxy names", async () => {
    const system = new TestSystem({ trustProxy: ["10.0.0.0/8"] });
    const { upgrades } = system.internals;
    const behind = (address: string) => from("10.0.0.1", { "x-forwarded-for": address });
    for (let n = 0; n < 40; n++) await upgrades.handleUpgrade(behind("192.0.2.1"), nobody);
    expect(statusOf(await upgrades.handleUpgrade(behind("192.0.2.1"), somebody("eve")))).toBe(429);
    expect(statusOf(await upgrades.handleUpgrade(behind("192.0.2.2"), somebody("ada")))).toBe(101);
  });

  it("is not one that finds the store down, or that has too many connections", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    const { upgrades } = system.internals;
    const away = (): never => {
      throw new HalyardError("unavailable");
    };
    for (let n = 0; n < 40; n++)
      expect(statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), away))).toBe(503);
    for (let n = 0; n < 40; n++) await upgrades.handleUpgrade(from("192.0.2.1"), somebody("ada"));
    expect(statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), somebody("bea")))).toBe(101);
  });

  it("leaves nothing behind once its time is over", async () => {
    const system = new TestSystem();
    await refuse(system, "192.0.2.1", 40);
    expect(system.manager.getMetrics().trackedUpgrades).toBe(1);
    await system.clock.advance(20_000);
    expect(system.manager.getMetrics().trackedUpgrades).toBe(0);
    await system.expectToEndCleanly();
  });
});

describe("a user who connects too often", () => {
  it("waits with 429, after 30 at once and 5 a second, and nobody else does", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1_000 });
    const { upgrades } = system.internals;
    const ask = async (id: string) => statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), somebody(id)));
    const statuses = [];
    for (let n = 0; n < 40; n++) statuses.push(await ask("eve"));
    expect(statuses).toEqual([...Array<number>(30).fill(101), ...Array<number>(10).fill(429)]);
    expect(statusOf(await upgrades.probe(from("192.0.2.1"), somebody("eve")))).toBe(429);
    expect(await ask("ada")).toBe(101);
    await system.clock.advance(1_000);
    expect([await ask("eve"), await ask("eve")]).toEqual([101, 101]);
    expect(system.manager.getMetrics().security).toEqual({
      upgrade_refused: { acceptedUpgradesPerSecond: 11 },
    });
  });
});

describe("handshakes under way", () => {
  /** Handshakes that begin, and are decided all at once. */
  function crowd(system: TestSystem) {
    let decide: (nobody: null) => void = () => undefined;
    const decided = new Promise<null>((resolve) => (decide = resolve));
    const begin = (address: string): Promise<AcceptedUpgrade | UpgradeRejection> =>
      Promise.resolve(system.internals.upgrades.handleUpgrade(from(address), () => decided));
    return { begin, decide: () => decide(null) };
  }

  it("are 200 of one address: the next waits with 429, and nobody else does", async () => {
    const system = new TestSystem();
    const { begin, decide } = crowd(system);
    const started = Array.from({ length: 200 }, () => begin("192.0.2.1"));
    expect(await begin("192.0.2.1")).toMatchObject({ status: 429, reason: "handshakesPerAddress" });
    const other = begin("192.0.2.2");
    expect(system.manager.getMetrics().handshakes).toBe(201);
    decide();
    expect(await Promise.all([...started, other])).toHaveLength(201);
    expect(system.manager.getMetrics().handshakes).toBe(0);
  });

  it("are 2,000 of a node: the next is told with 503 that it is busy", async () => {
    const system = new TestSystem();
    const { begin, decide } = crowd(system);
    const started = Array.from({ length: 2_000 }, (_, n) => begin(`192.0.2.${String(n % 200)}`));
    expect(await begin("198.51.100.1")).toMatchObject({
      status: 503,
      reason: "handshakes",
      headers: { "retry-after": "1" },
    });
    decide();
    await Promise.all(started);
  });

  it("end after ten seconds, and what is granted later is given back", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    const { upgrades } = system.internals;
    let resolve: (identity: { user: { id: string } }) => void = () => undefined;
    const promise = new Promise<{ user: { id: string } }>((grant) => (resolve = grant));
    const slow = upgrades.handleUpgrade(from("192.0.2.1"), () => promise);
    await system.clock.advance(10_000);
    expect(await slow).toMatchObject({ status: 503, reason: "handshakeMs" });
    expect(system.manager.getMetrics().handshakes).toBe(0);
    resolve({ user: { id: "ada" } });
    await system.clock.settle();
    expect(statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), somebody("ada")))).toBe(101);
  });
});

describe("a handshake", () => {
  const fault = (method: string, headers: Record<string, string>) => {
    const given = new Headers(headers);
    return validateHandshake(method, (name) => given.get(name));
  };
  const proper = {
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };

  it("is proper with a GET, the right words, a version and a key of 16 bytes", () => {
    expect(fault("GET", proper)).toBeUndefined();
    expect(fault("GET", { ...proper, upgrade: "WebSocket" })).toBeUndefined();
  });

  it.each([
    [405, "POST", {}],
    [405, "HEAD", {}],
    [426, "GET", { upgrade: "h2c" }],
    [426, "GET", { upgrade: "WebSocket, foo" }],
    [400, "GET", { "sec-websocket-version": "12" }],
    [400, "GET", { "sec-websocket-version": "13, 8" }],
    [400, "GET", { "sec-websocket-version": "" }],
    [400, "GET", { "sec-websocket-key": "" }],
    [400, "GET", { "sec-websocket-key": "c2hvcnQ=" }],
    [400, "GET", { "sec-websocket-key": "x".repeat(8_192) }],
    [400, "GET", { "sec-websocket-key": `${proper["sec-websocket-key"]}, ${proper["sec-websocket-key"]}` }],
  ])("is refused with %i otherwise: %s %j", (status, method, change) => {
    expect(fault(method, { ...proper, ...change })).toMatchObject({ status });
  });
});

describe("the answer to a plain GET", () => {
  const door = (trusted: string): AnyAuthenticator => ({
    authenticate: () => Promise.resolve(null),
    trustsOrigin: (origin) => origin === trusted,
  });
  const ask = (origin: string, authenticator: AnyAuthenticator): Promise<UpgradeRejection> =>
    new TestSystem().internals.upgrades.probe(from("192.0.2.1", { origin }), authenticator);

  it("may be read by pages of a trusted origin, and by no others", async () => {
    const trusted = "https://app.example.com";
    const { headers } = await ask(trusted, door(trusted));
    expect(headers).toMatchObject({
      "access-control-allow-origin": trusted,
      "access-control-allow-credentials": "true",
      vary: "origin",
    });
    for (const [origin, authenticator] of [
      ["https://evil.com", door(trusted)],
      [trusted, nobody],
    ] as const) {
      expect((await ask(origin, authenticator)).headers).not.toHaveProperty("access-control-allow-origin");
    }
  });

  it("is told when the look at the origin fails", async () => {
    const broken: AnyAuthenticator = {
      authenticate: () => Promise.resolve(null),
      trustsOrigin: () => Promise.reject(new Error("away")),
    };
    expect(await ask("https://app.example.com", broken)).toMatchObject({ status: 401 });
  });
});

describe("WebSocket pings", () => {
  it("are answered up to 20 a second: more is a flood, and closed with 4029", async () => {
    const system = new TestSystem();
    const ws = await system.upgrade({ id: "eve" });
    const connection = system.internals.connections.of(ws);
    if (connection === undefined) throw new Error("not connected");
    for (let second = 0; second < 5; second++) {
      for (let n = 0; n < 20; n++) system.internals.inbound.onPingOrPong(connection);
      await system.clock.advance(1_000);
    }
    expect(ws.closedWith).toBeUndefined();
    for (let n = 0; n < 21; n++) system.internals.inbound.onPingOrPong(connection);
    expect(ws.closedWith).toEqual({ code: 4029, reason: "retryAfterMs=5000" });
    expect(system.manager.getMetrics().security).toEqual({ flood: { pingsPerSecond: 1 } });
  });
});

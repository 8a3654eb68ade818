import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";
import type { UpgradeRejection } from "./upgrade-rejection.ts";
import { METHOD_NOT_ALLOWED, validateHandshake } from "./upgrade-rejection.ts";
import type { AnyAuthenticator } from "../session-watch.ts";
import type { AcceptedUpgrade } from "./admission.ts";
import { isRejection } from "./admission.ts";
import type { IncomingRequest } from "../security/client-address.ts";

const rejectEveryone: AnyAuthenticator = () => null;
const accept =
  (id: string): AnyAuthenticator =>
  () => ({ user: { id } });

function from(remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingRequest {
  return { url: "/ws", headers: new Headers(headers), remoteAddress };
}

/** 101, or the status of a rejection. */
function statusOf(answer: AcceptedUpgrade | UpgradeRejection): number {
  return isRejection(answer) ? answer.status : 101;
}

describe("an address with many rejected upgrades", () => {
  const refuse = async (system: TestSystem, address: string, count: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++)
      statuses.push(statusOf(await system.internals.upgrades.handleUpgrade(from(address), rejectEveryone)));
    return statuses;
  };

  it("is rejected with 429 before authentication after 30 rejections at once and 10 a second", async () => {
    const system = new TestSystem();
    const { upgrades } = system.internals;
    expect(await refuse(system, "192.0.2.1", 31)).toEqual([...Array<number>(30).fill(401), 429]);
    const authenticate = (): never => {
      throw new Error("called");
    };
    const expected = { status: 429, headers: { "retry-after": "1" }, reason: "refusedUpgradesPerSecond" };
    expect(await upgrades.handleUpgrade(from("192.0.2.1"), authenticate)).toMatchObject(expected);
    expect(await upgrades.probe(from("::ffff:192.0.2.1"), authenticate)).toMatchObject(expected);
    await system.clock.advance(1_000);
    expect(await refuse(system, "192.0.2.1", 11)).toEqual([...Array<number>(10).fill(401), 429]);
  });

  it("is a whole /64 for IPv6, and other addresses are accepted", async () => {
    const system = new TestSystem();
    const { upgrades } = system.internals;
    for (let n = 0; n < 30; n++)
      await upgrades.handleUpgrade(from(`2001:db8::${n.toString(16)}`), rejectEveryone);
    const statuses = [];
    for (const address of ["2001:db8::ffff", "2001:db8:0:1::1", "192.0.2.1", undefined])
      statuses.push(statusOf(await upgrades.handleUpgrade(from(address), accept("ada"))));
    expect(statuses).toEqual([429, 101, 101, 101]);
  });

  it("is the client address that a trusted proxy names", async () => {
    const system = new TestSystem({ trustProxy: ["10.0.0.0/8"] });
    const { upgrades } = system.internals;
    const behind = (address: string) => from("10.0.0.1", { "x-forwarded-for": address });
    for (let n = 0; n < 40; n++) await upgrades.handleUpgrade(behind("192.0.2.1"), rejectEveryone);
    expect(statusOf(await upgrades.handleUpgrade(behind("192.0.2.1"), accept("eve")))).toBe(429);
    expect(statusOf(await upgrades.handleUpgrade(behind("192.0.2.2"), accept("ada")))).toBe(101);
  });

  it("is not blamed for an unavailable store or for too many connections", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    const { upgrades } = system.internals;
    const away = (): never => {
      throw new HalyardError("unavailable");
    };
    for (let n = 0; n < 40; n++)
      expect(statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), away))).toBe(503);
    for (let n = 0; n < 40; n++) await upgrades.handleUpgrade(from("192.0.2.1"), accept("ada"));
    expect(statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), accept("bea")))).toBe(101);
  });

  it("is forgotten after 20 s", async () => {
    const system = new TestSystem();
    await refuse(system, "192.0.2.1", 40);
    expect(system.manager.getMetrics().trackedUpgrades).toBe(1);
    await system.clock.advance(20_000);
    expect(system.manager.getMetrics().trackedUpgrades).toBe(0);
    await system.expectToEndCleanly();
  });
});

describe("a user with many accepted upgrades", () => {
  it("is rejected with 429 after 30 upgrades at once and 5 a second, and other users are accepted", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1_000 });
    const { upgrades } = system.internals;
    const request = async (id: string) =>
      statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), accept(id)));
    const statuses = [];
    for (let n = 0; n < 40; n++) statuses.push(await request("eve"));
    expect(statuses).toEqual([...Array<number>(30).fill(101), ...Array<number>(10).fill(429)]);
    expect(statusOf(await upgrades.probe(from("192.0.2.1"), accept("eve")))).toBe(429);
    expect(await request("ada")).toBe(101);
    await system.clock.advance(1_000);
    expect([await request("eve"), await request("eve")]).toEqual([101, 101]);
    expect(system.manager.getMetrics().security).toEqual({
      upgrade_refused: { acceptedUpgradesPerSecond: 11 },
    });
  });
});

describe("handshakes under way", () => {
  /** Handshakes that begin, and are decided all at once. */
  function manyHandshakes(system: TestSystem) {
    let decide: (identity: null) => void = () => undefined;
    const decided = new Promise<null>((resolve) => (decide = resolve));
    const begin = (address: string): Promise<AcceptedUpgrade | UpgradeRejection> =>
      Promise.resolve(system.internals.upgrades.handleUpgrade(from(address), () => decided));
    return { begin, decide: () => decide(null) };
  }

  it("are limited to 200 per address: the next is rejected with 429, and other addresses are accepted", async () => {
    const system = new TestSystem();
    const { begin, decide } = manyHandshakes(system);
    const started = Array.from({ length: 200 }, () => begin("192.0.2.1"));
    expect(await begin("192.0.2.1")).toMatchObject({ status: 429, reason: "handshakesPerAddress" });
    const other = begin("192.0.2.2");
    expect(system.manager.getMetrics().handshakes).toBe(201);
    decide();
    expect(await Promise.all([...started, other])).toHaveLength(201);
    expect(system.manager.getMetrics().handshakes).toBe(0);
  });

  it("are limited to 2,000 per node: the next is rejected with 503", async () => {
    const system = new TestSystem();
    const { begin, decide } = manyHandshakes(system);
    const started = Array.from({ length: 2_000 }, (_, n) => begin(`192.0.2.${String(n % 200)}`));
    expect(await begin("198.51.100.1")).toMatchObject({
      status: 503,
      reason: "handshakes",
      headers: { "retry-after": "1" },
    });
    decide();
    await Promise.all(started);
  });

  it("end after ten seconds, and a slot that is granted later is given back", async () => {
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
    expect(statusOf(await upgrades.handleUpgrade(from("192.0.2.1"), accept("ada")))).toBe(101);
  });
});

describe("validating a handshake", () => {
  const fault = (method: string, headers: Record<string, string>) => {
    const given = new Headers(headers);
    return validateHandshake(method, (name) => given.get(name));
  };
  const proper = {
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };

  it("accepts a GET with the upgrade header, version 13 and a key of 16 bytes", () => {
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
  ])("rejects with %i the request %s %j", (status, method, change) => {
    expect(fault(method, { ...proper, ...change })).toMatchObject({ status });
  });
});

describe("the answer to a plain GET", () => {
  const trusting = (trusted: string): AnyAuthenticator => ({
    authenticate: () => Promise.resolve(null),
    trustsOrigin: (origin) => origin === trusted,
  });
  const request = (origin: string, authenticator: AnyAuthenticator): Promise<UpgradeRejection> =>
    new TestSystem().internals.upgrades.probe(from("192.0.2.1", { origin }), authenticator);

  it("may be read by pages of a trusted origin, and by no other pages", async () => {
    const trusted = "https://app.example.com";
    const { headers } = await request(trusted, trusting(trusted));
    expect(headers).toMatchObject({
      "access-control-allow-origin": trusted,
      "access-control-allow-credentials": "true",
      vary: "origin",
    });
    for (const [origin, authenticator] of [
      ["https://evil.com", trusting(trusted)],
      [trusted, rejectEveryone],
    ] as const) {
      expect((await request(origin, authenticator)).headers).not.toHaveProperty(
        "access-control-allow-origin",
      );
    }
  });

  it.each([
    [
      "throws",
      (): never => {
        throw new Error("away");
      },
    ],
    ["rejects", () => Promise.reject(new Error("away"))],
  ])("is 503 without CORS headers when the check of the origin %s", async (_how, trustsOrigin) => {
    const broken: AnyAuthenticator = { authenticate: () => Promise.resolve(null), trustsOrigin };
    const system = new TestSystem();
    const answer = await system.internals.upgrades.probe(from("192.0.2.1", { origin: "null" }), broken);
    expect(answer.status).toBe(503);
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    expect(system.errors).toMatchObject([{ context: { type: "trustsOrigin" } }]);
  });

  it("is 503 when trustProxy throws, as the answers to an upgrade and to a POST", async () => {
    const system = new TestSystem({
      trustProxy: () => {
        throw new Error("no ranges");
      },
    });
    const { upgrades } = system.internals;
    const request = from("192.0.2.1", {});
    const answers = [
      await upgrades.probe(request, rejectEveryone),
      await upgrades.handleUpgrade(request, rejectEveryone),
      upgrades.rejectEarly(request, METHOD_NOT_ALLOWED),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 503 });
    await system.clock.settle();
    expect(system.errors.map(({ context }) => context.type)).toEqual(Array(3).fill("trustProxy"));
  });
});

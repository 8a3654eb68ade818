import { HalyardError } from "@halyard/protocol/wire";
import { defineProtocol, message, request } from "@halyard/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { FakeClock } from "../../test/fake-clock.ts";
import type { TestConfig } from "../../test/test-system.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { SecurityEvent } from "../security-event.ts";
import type { AnyAuthenticator } from "../session-watch.ts";

const protocol = defineProtocol({
  clientMessages: { rule: message(z.object({}), { requires: { role: "admin" } }) },
  requests: { rule: request({ input: z.void(), output: z.void(), requires: { role: "admin" } }) },
});

interface Scene {
  readonly system: TestSystem<typeof protocol>;
  readonly events: SecurityEvent[];
  readonly lines: { level: "debug" | "info" | "warn"; fields: Record<string, unknown>; message: string }[];
}

/** A system, the events that its hook received, and the lines that it logged. */
function scene(config: TestConfig<typeof protocol> = {}): Scene {
  const events: Scene["events"] = [];
  const lines: Scene["lines"] = [];
  const ignore = (): void => undefined;
  const write = (level: "debug" | "info" | "warn") => (fields: object, text: string) => {
    if ("kind" in fields) lines.push({ level, fields: { ...fields }, message: text });
  };
  const system = new TestSystem<typeof protocol>({
    protocol,
    logger: { debug: write("debug"), info: write("info"), warn: write("warn"), error: ignore },
    onSecurityEvent: (event) => events.push(event),
    ...config,
  });
  return { system, events, lines };
}

const upgrade = (system: TestSystem<typeof protocol>, address = "192.0.2.1") =>
  system.upgrade({ id: "ada" }, { remoteAddress: address });

const fail = (error: unknown) => (): never => {
  throw error;
};

const REJECTIONS: [SecurityEvent["reason"], number, AnyAuthenticator][] = [
  ["unauthenticated", 401, () => null],
  ["forbidden", 403, fail(new HalyardError("forbidden"))],
  ["rate_limited", 429, fail(new HalyardError("rate_limited"))],
  ["unavailable", 503, fail(new Error("the database is unreachable"))],
];

describe("SecurityReporter", () => {
  it.each(REJECTIONS)(
    "reports a rejected upgrade and a rejected GET with the reason %s",
    async (reason, code, authenticate) => {
      const { system, events } = scene();
      const upgradeRequest = { url: "/ws", headers: new Headers(), remoteAddress: "192.0.2.1" };
      await system.internals.upgrades.handleUpgrade(upgradeRequest, authenticate);
      await system.internals.upgrades.probe(upgradeRequest, authenticate);
      const expected = {
        kind: "upgrade_refused",
        reason,
        code,
        address: "192.0.2.1",
        at: system.clock.now(),
      };
      await system.clock.settle();
      expect(events).toMatchObject([expected, expected]);
    },
  );

  it("reports the user and the reason of a close that a limit or a violation caused, and no other close", async () => {
    const { system, events } = scene();
    for (const code of [1001, 4000, 4401, 4403, 4008, 4010, 4011, 4029, 4400, 4410, 4413, 4409, 4012]) {
      const ws = await upgrade(system);
      const connection = system.internals.connections.of(ws);
      if (connection !== undefined) system.internals.closer.closeConnection(connection, code);
    }
    expect(events.map(({ kind, reason, code }) => [kind, reason, code])).toEqual([
      ["revoked", "unauthenticated", 4401],
      ["revoked", "forbidden", 4403],
      ["limit", "maxBufferedBytes", 4008],
      ["limit", "helloMs", 4010],
      ["limit", "maxConnectionsPerUser", 4011],
      ["flood", "messagesPerSecond", 4029],
      ["protocol_broken", "message", 4400],
      ["limit", "maxConnectionsPerUser", 4410],
      ["limit", "messageBytes", 4413],
    ]);
    expect(events[0]).toMatchObject({ userId: "ada", address: "192.0.2.1" });
    expect(events[0]?.connectionId).toMatch(/\.3$/);
  });

  it("names the right that the user lacks", async () => {
    const { system, events } = scene({ authorize: () => false });
    system.handlers.on("rule", () => undefined).onRequest("rule", () => undefined);
    const ws = await upgrade(system);
    await system.say(ws, { type: "join", room: "staff", $: { id: "1" } });
    await system.say(ws, { type: "chat_message", content: "hi" });
    await system.say(ws, { type: "chat_message", content: "hi", $: { ch: "room:staff" } });
    await system.say(ws, { type: "rule" });
    await system.say(ws, { type: "request", name: "rule", $: { id: "2" } });
    await system.say(ws, { type: "request", name: "users", $: { id: "3" } });
    expect(events.map(({ kind, reason }) => [kind, reason])).toEqual([
      ["forbidden", "join"],
      ["forbidden", "publish"],
      ["forbidden", "membership"],
      ["forbidden", "role"],
      ["forbidden", "role"],
      ["forbidden", "presence"],
    ]);
  });

  it("names the limit that was reached", async () => {
    const { system, events } = scene({
      authorize: () => true,
      limits: { rooms: 1, joinBurst: 2, chatBurst: 1, messageBurst: 6, messageBytes: 2_000 },
    });
    const ws = await upgrade(system);
    for (const room of ["a", "b", "c"]) await system.say(ws, { type: "join", room, $: { id: room } });
    for (const content of ["a", "b"]) await system.say(ws, { type: "chat_message", content });
    await system.say(ws, "x".repeat(2_001));
    for (const content of ["c", "d"]) await system.say(ws, { type: "chat_message", content });
    expect(events.map(({ kind, reason }) => [kind, reason])).toEqual([
      ["limit", "rooms"],
      ["limit", "joinsPerSecond"],
      ["limit", "chatPerSecond"],
      ["limit", "messageBytes"],
      ["limit", "chatPerSecond"],
      ["limit", "messagesPerSecond"],
    ]);
  });

  it("counts events by kind and reason in the metrics", async () => {
    const { system } = scene();
    for (let n = 0; n < 3; n++) {
      const ws = await upgrade(system);
      const connection = system.internals.connections.of(ws);
      if (connection !== undefined)
        system.internals.closer.closeConnection(connection, n === 0 ? 4401 : 4400);
    }
    expect(system.manager.getMetrics()).toMatchObject({
      totalUsers: 0,
      totalConnections: 0,
      handshakes: 0,
      trackedUpgrades: 1,
      thinned: 0,
      dropped: 0,
      history: { bytes: 0, evicted: 0 },
      security: { revoked: { unauthenticated: 1 }, protocol_broken: { message: 2 } },
      eventLoopLag: { p50: 0, p99: 0, max: 0 },
    });
  });

  it("passes an error of the hook to onError, and still logs the event", async () => {
    const { system, lines } = scene({
      onSecurityEvent: () => {
        throw new Error("the hook is broken");
      },
    });
    await system.internals.upgrades.handleUpgrade(
      { url: "/ws", headers: new Headers(), remoteAddress: undefined },
      () => null,
    );
    await system.clock.settle();
    expect(system.errors).toMatchObject([{ context: { type: "onSecurityEvent" } }]);
    expect(lines).toHaveLength(1);
  });
});

describe("SecurityLog", () => {
  const reject = (system: TestSystem<typeof protocol>, address: string) =>
    system.internals.upgrades.handleUpgrade(
      { url: "/ws", headers: new Headers(), remoteAddress: address },
      () => null,
    );

  it("writes the first event of each kind, reason and address at once, and then a count every ten seconds", async () => {
    const { system, lines, events } = scene({ limits: { refusedUpgradeBurst: 10_000 } });
    for (let n = 0; n < 1_000; n++) await reject(system, "192.0.2.1");
    await reject(system, "192.0.2.2");
    expect(lines.map(({ fields }) => [fields["address"], fields["repeated"]])).toEqual([
      ["192.0.2.1", undefined],
      ["192.0.2.2", undefined],
    ]);
    await system.clock.advance(10_000);
    expect(lines.slice(2).map(({ fields }) => [fields["address"], fields["repeated"]])).toEqual([
      ["192.0.2.1", 999],
    ]);
    expect(events).toHaveLength(1_001);
    await system.clock.advance(10_000);
    await reject(system, "192.0.2.1");
    expect(lines).toHaveLength(4);
  });

  it("writes a revocation, a visitor without a session and a refusal while it drains as information, and anything else as a security event", async () => {
    const { system, lines } = scene();
    await upgrade(system);
    await system.manager.disconnectUser("ada");
    await reject(system, "192.0.2.1");
    const forbid = fail(new HalyardError("forbidden"));
    await system.internals.upgrades.handleUpgrade(
      { url: "/ws", headers: new Headers(), remoteAddress: "::1" },
      forbid,
    );
    const drained = system.manager.drain({ windowMs: 0 });
    await reject(system, "192.0.2.2");
    await drained;
    expect(lines.map(({ level, fields, message: text }) => [level, fields["reason"], text])).toEqual([
      ["info", "unauthenticated", "a connection was closed because its session or right has ended"],
      ["info", "unauthenticated", "a visitor was not let in: authenticate gave no user"],
      ["warn", "forbidden", "security event: an upgrade was refused"],
      ["info", "draining", "an upgrade was refused"],
    ]);
  });

  it("writes one line for a first visit without a session, whose upgrade and whose GET are refused", async () => {
    const { system, lines, events } = scene({ authenticate: () => null });
    const request = { url: "/ws", headers: new Headers(), remoteAddress: "192.0.2.1" };
    await system.internals.upgrades.handleUpgrade(request);
    await system.internals.upgrades.probe(request);
    await system.clock.advance(60_000);
    expect(events).toHaveLength(2);
    expect(lines.filter(({ level }) => level !== "debug").map(({ level }) => level)).toEqual(["info"]);
    expect(lines.at(-1)).toMatchObject({ level: "debug", fields: { repeated: 1 } });
  });

  it("writes at most 1,001 lines for events from 3,000 addresses", async () => {
    const { system, lines } = scene();
    for (let n = 0; n < 3_000; n++) await reject(system, `192.0.${String(n >> 8)}.${String(n & 255)}`);
    expect(lines.length).toBeLessThanOrEqual(1_001);
  });

  it("writes lines of at most 512 bytes of visible ASCII, so that a client cannot forge a line", async () => {
    const { system, lines } = scene();
    const hostileText = "\r\n\u001b[31m€".repeat(1_000);
    const hostileId = hostileText.slice(0, 400);
    const ws = await system.upgrade({ id: hostileId }, { remoteAddress: hostileText });
    await system.manager.disconnectUser(hostileId);
    expect(ws.readyState).not.toBe(1);
    await reject(system, hostileText);
    expect(lines).toHaveLength(2);
    for (const { fields, message: text } of lines) {
      const line = JSON.stringify({ ...fields, message: text });
      expect(line.length).toBeLessThanOrEqual(512);
      expect(line).toMatch(/^[\x20-\x7e]+$/);
      expect(Object.values(fields).join("")).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it("writes the pending counts when the server ends, and leaves no timer", async () => {
    const { system, lines } = scene({ clock: new FakeClock() });
    for (let n = 0; n < 3; n++) await reject(system, "192.0.2.1");
    await system.expectToEndCleanly();
    expect(lines.at(-1)?.fields).toMatchObject({ repeated: 2 });
  });
});

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
  readonly lines: { fields: Record<string, unknown>; message: string }[];
}

/** A system, and what its hook and its log have heard. */
function scene(config: TestConfig<typeof protocol> = {}): Scene {
  const events: Scene["events"] = [];
  const lines: Scene["lines"] = [];
  const quiet = (): void => undefined;
  const system = new TestSystem<typeof protocol>({
    protocol,
    logger: {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (fields, text) => lines.push({ fields: fields as Record<string, unknown>, message: text }),
    },
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

const REFUSALS: [SecurityEvent["reason"], number, AnyAuthenticator][] = [
  ["unauthenticated", 401, () => null],
  ["forbidden", 403, fail(new HalyardError("forbidden"))],
  ["rate_limited", 429, fail(new HalyardError("rate_limited"))],
  ["unavailable", 503, fail(new Error("the database is away"))],
];

describe("a security event", () => {
  it.each(REFUSALS)(
    "tells of a refused upgrade, and of a plain GET: %s",
    async (reason, code, authenticate) => {
      const { system, events } = scene();
      const asked = { url: "/ws", headers: new Headers(), remoteAddress: "192.0.2.1" };
      await system.internals.upgrades.handleUpgrade(asked, authenticate);
      await system.internals.upgrades.probe(asked, authenticate);
      const told = { kind: "upgrade_refused", reason, code, address: "192.0.2.1", at: system.clock.now() };
      expect(events).toMatchObject([told, told]);
    },
  );

  it("tells whose connection was closed for what, and nothing of closes that are nobody's fault", async () => {
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

  it("tells which right was missing", async () => {
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
      ["forbidden", "publish"],
      ["forbidden", "role"],
      ["forbidden", "role"],
      ["forbidden", "presence"],
    ]);
  });

  it("tells which limit was reached", async () => {
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

  it("is counted by kind and reason", async () => {
    const { system } = scene();
    for (let n = 0; n < 3; n++) {
      const ws = await upgrade(system);
      const connection = system.internals.connections.of(ws);
      if (connection !== undefined)
        system.internals.closer.closeConnection(connection, n === 0 ? 4401 : 4400);
    }
    expect(system.manager.getMetrics()).toEqual({
      totalUsers: 0,
      totalConnections: 0,
      handshakes: 0,
      trackedUpgrades: 1,
      security: { revoked: { unauthenticated: 1 }, protocol_broken: { message: 2 } },
    });
  });

  it("reaches onError when the hook fails, and everything goes on", async () => {
    const { system, lines } = scene({
      onSecurityEvent: () => {
        throw new Error("the hook is broken");
      },
    });
    await system.internals.upgrades.handleUpgrade(
      { url: "/ws", headers: new Headers(), remoteAddress: undefined },
      () => null,
    );
    expect(system.errors).toMatchObject([{ context: { type: "onSecurityEvent" } }]);
    expect(lines).toHaveLength(1);
  });
});

describe("the log of security events", () => {
  const refuse = (system: TestSystem<typeof protocol>, address: string) =>
    system.internals.upgrades.handleUpgrade(
      { url: "/ws", headers: new Headers(), remoteAddress: address },
      () => null,
    );

  it("has the first of each kind, reason and address at once, and then a sum every ten seconds", async () => {
    const { system, lines, events } = scene({ limits: { refusedUpgradeBurst: 10_000 } });
    for (let n = 0; n < 1_000; n++) await refuse(system, "192.0.2.1");
    await refuse(system, "192.0.2.2");
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
    await refuse(system, "192.0.2.1");
    expect(lines).toHaveLength(4);
  });

  it("is not made longer by many addresses", async () => {
    const { system, lines } = scene();
    for (let n = 0; n < 3_000; n++) await refuse(system, `192.0.${String(n >> 8)}.${String(n & 255)}`);
    expect(lines.length).toBeLessThanOrEqual(1_001);
  });

  it("has lines of at most 512 bytes, without anything that a client could forge a line with", async () => {
    const { system, lines } = scene();
    const hostile = "\r\n\u001b[31m€".repeat(1_000);
    const ws = await system.upgrade({ id: hostile }, { remoteAddress: hostile });
    await system.manager.disconnectUser(hostile);
    expect(ws.readyState).not.toBe(1);
    await refuse(system, hostile);
    expect(lines).toHaveLength(2);
    for (const { fields, message: text } of lines) {
      const line = JSON.stringify({ ...fields, message: text });
      expect(line.length).toBeLessThanOrEqual(512);
      expect(line).toMatch(/^[\x20-\x7e]+$/);
      expect(Object.values(fields).join("")).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it("says at the end what it has not said yet, and leaves no timer", async () => {
    const { system, lines } = scene({ clock: new FakeClock() });
    for (let n = 0; n < 3; n++) await refuse(system, "192.0.2.1");
    await system.expectToEndCleanly();
    expect(lines.at(-1)?.fields).toMatchObject({ repeated: 2 });
  });
});

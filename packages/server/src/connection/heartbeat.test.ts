import { describe, expect, it, onTestFinished } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { Connections } from "../../test/fake-connection.ts";
import { fakeTransport } from "../../test/fake-socket.ts";
import type { Connection } from "./connection.ts";
import { Heartbeat } from "./heartbeat.ts";
import { RateLimits } from "./rate-limits.ts";
import type { ServerLimits } from "../limits.ts";

function create(limits: Partial<ServerLimits> = {}): {
  clock: FakeClock;
  connections: Connections;
  heartbeat: Heartbeat;
  listed: { calls: number };
} {
  const clock = new FakeClock();
  const connections = new Connections(clock, limits);
  const listed = { calls: 0 };
  const heartbeat = new Heartbeat({
    monitor: { isSettled: true },
    clock,
    limits: connections.limits,
    connections: () => {
      listed.calls++;
      return connections.all();
    },
    rateLimits: new RateLimits(connections.limits, clock),
    rooms: { joinPending: () => Promise.resolve() },
  });
  heartbeat.start();
  onTestFinished(() => {
    heartbeat.stop();
    expect(clock.timers).toBe(0);
  });
  return { clock, connections, heartbeat, listed };
}

/** Advances the time; every connection but the silent ones sends something every ten seconds. */
function live(
  clock: FakeClock,
  connections: Connections,
  ms: number,
  silent: readonly Connection[] = [],
): void {
  for (let passed = 0; passed < ms; passed += 10_000) {
    clock.skip(Math.min(10_000, ms - passed));
    for (const connection of connections.all())
      if (!silent.includes(connection)) connection.lastActivityAt = clock.now();
  }
}

describe("Heartbeat", () => {
  it("pings every connection once per 25 s, spread over the round, with one timer", () => {
    const { clock, connections } = create();
    const pings: number[] = [];
    const transport = { ...fakeTransport, ping: () => pings.push(clock.now()) };
    for (let slice = 0; slice < 1_000; slice++)
      connections.open(String(slice), { heartbeatBucket: slice, transport });
    live(clock, connections, 25_000);
    expect(pings).toHaveLength(1_000);
    const perTick = new Map<number, number>();
    for (const at of pings) perTick.set(at, (perTick.get(at) ?? 0) + 1);
    expect([...perTick.values()]).toEqual(Array.from({ length: 25 }, () => 40));
    expect(clock.timers).toBe(1);
  });

  it("forgets what a client had begun before its connection when the client repeats none of it any more", () => {
    const { clock, connections } = create();
    const connection = connections.open("ada");
    connection.begunBefore = { lastSeq: 7, requests: ["r1"] };
    live(clock, connections, 240_000);
    expect(connection.begunBefore).toBeDefined();
    live(clock, connections, 10_000);
    expect(connection.begunBefore).toBeUndefined();
  });

  it("closes a peer that was silent for 35 s, and no other", () => {
    const { clock, connections } = create();
    const [silent, talking] = [connections.open("silent"), connections.open("talking")];
    live(clock, connections, 35_000, [silent]);
    expect(connections.closed).toEqual([]);
    live(clock, connections, 2_000, [silent]);
    expect(connections.closed).toEqual([{ id: "silent", code: 4000, reason: "" }]);
    expect(connections.socketOf(silent).isTerminated).toBe(true);
    expect(connections.socketOf(talking).isTerminated).toBe(false);
  });

  it("never closes a silent connection whose transport cannot ping", () => {
    const { clock, connections } = create();
    const bare = connections.open("bare", { transport: { write: () => true, bufferedAmount: () => 0 } });
    live(clock, connections, 600_000, [bare]);
    expect(connections.closed).toEqual([]);
  });

  it("pings once per interval at other intervals, too", () => {
    const { clock, connections } = create({ heartbeatMs: 500, silenceMs: 999 });
    const ada = connections.open("ada");
    clock.skip(999);
    expect(connections.socketOf(ada).pings).toBe(1);
    expect(connections.closed).toEqual([]);
    clock.skip(501);
    expect(connections.closed).toMatchObject([{ code: 4000 }]);
  });

  it("closes no silent connection for a while after the event loop of the node was blocked", async () => {
    const { clock, connections } = create();
    const ada = connections.open("ada");
    clock.skip(10_000);
    await clock.stall(60_000);
    expect(connections.closed).toEqual([]);
    // What waited in the socket is read now.
    ada.lastActivityAt = clock.now();
    live(clock, connections, 30_000);
    expect(connections.closed).toEqual([]);
  });

  it("closes a connection that is still silent after that grace period", async () => {
    const { clock, connections } = create();
    connections.open("ada");
    await clock.stall(60_000);
    clock.skip(34_000);
    expect(connections.closed).toEqual([]);
    clock.skip(3_000);
    expect(connections.closed).toMatchObject([{ code: 4000 }]);
  });

  it.each([
    ["ping", { ping: fail }],
    ["bufferedAmount", { bufferedAmount: fail }],
  ])("closes a connection whose %s throws, and continues with the others", (_, broken) => {
    const { clock, connections } = create();
    connections.open("broken", { transport: { ...fakeTransport, ...broken } });
    const ada = connections.open("ada");
    live(clock, connections, 50_000);
    expect(connections.closed).toEqual([{ id: "broken", code: 1011, reason: "" }]);
    expect(connections.socketOf(ada).pings).toBe(2);
  });

  it("continues its round when a socket throws on terminate", () => {
    const { clock, connections } = create();
    const broken = connections.open("broken", { transport: { ...fakeTransport, terminate: fail } });
    const ada = connections.open("ada");
    live(clock, connections, 100_000, [broken]);
    expect(connections.closed).toEqual([{ id: "broken", code: 4000, reason: "" }]);
    expect(connections.socketOf(ada).pings).toBe(4);
  });

  it("stays stopped when it is stopped from within a tick", () => {
    const { clock, connections, heartbeat, listed } = create();
    connections.open("last", {
      transport: {
        ...fakeTransport,
        ping: () => {
          heartbeat.stop();
        },
      },
    });
    live(clock, connections, 100_000);
    expect(listed.calls).toBeLessThanOrEqual(25);
    expect(clock.timers).toBe(0);
  });
});

describe("Heartbeat on a reader without progress", () => {
  it("closes a reader without progress with 4008 after 10 s", () => {
    const { clock, connections } = create();
    const ada = connections.open("ada");
    connections.socketOf(ada).bufferedAmount = 5_000;
    clock.skip(10_000);
    expect(connections.closed).toEqual([]);
    clock.skip(1_000);
    expect(connections.closed).toEqual([
      { id: "ada", code: 4008, reason: expect.stringMatching(/^retryAfterMs=\d+$/) as string },
    ]);
    expect(connections.socketOf(ada).isTerminated).toBe(true);
  });

  it("gives a slow reader another 10 s with every byte that it takes", () => {
    const { clock, connections } = create();
    const ada = connections.open("ada");
    for (let waiting = 5_000; waiting > 0; waiting -= 100) {
      connections.socketOf(ada).bufferedAmount = waiting;
      live(clock, connections, 9_000);
    }
    connections.socketOf(ada).bufferedAmount = 0;
    live(clock, connections, 60_000);
    expect(connections.closed).toEqual([]);
  });

  it("gives another 10 s with every byte that leaves the process, however much comes behind it", () => {
    const { clock, connections } = create();
    let sent = 0;
    const ada = connections.open("ada", { transport: { ...fakeTransport, sentBytes: () => sent } });
    const socket = connections.socketOf(ada);
    for (let n = 0; n < 30; n++) {
      // More comes in than goes out.
      socket.bufferedAmount = 5_000 + 100 * n;
      sent += 50;
      live(clock, connections, 9_000);
    }
    expect(connections.closed).toEqual([]);
    live(clock, connections, 11_000);
    expect(connections.closed).toMatchObject([{ code: 4008 }]);
  });

  it("closes no peer as silent that takes bytes that waited, and one that takes none", () => {
    const { clock, connections } = create({ stalledMs: 600_000 });
    let sent = 0;
    const slow = connections.open("slow", { transport: { ...fakeTransport, sentBytes: () => sent } });
    const dead = connections.open("dead", { transport: { ...fakeTransport, sentBytes: () => 7 } });
    for (const connection of [slow, dead]) connections.socketOf(connection).bufferedAmount = 500_000;
    for (let second = 0; second < 120; second++) {
      sent += 1_000;
      clock.skip(1_000);
    }
    expect(connections.closed).toMatchObject([{ id: "dead", code: 4000 }]);
  });

  it("takes bytes that never waited for no sign of life: a dead line's kernel takes them, too", () => {
    const { clock, connections } = create();
    let sent = 0;
    connections.open("dead", { transport: { ...fakeTransport, sentBytes: () => sent } });
    for (let second = 0; second < 40; second++) {
      sent += 1_000;
      clock.skip(1_000);
    }
    expect(connections.closed).toMatchObject([{ code: 4000 }]);
  });
});

describe("Heartbeat on an unfinished message", () => {
  it("closes a connection with 4010 if a message is not finished within 10 s", () => {
    for (const begunAt of [1, 250, 999]) {
      const { clock, connections } = create();
      const [eve] = [connections.open("eve"), connections.open("ada")];
      live(clock, connections, begunAt);
      connections.socketOf(eve).isReceiving = true;
      live(clock, connections, 7_900);
      expect(connections.closed).toEqual([]);
      live(clock, connections, 2_100);
      expect(connections.closed).toEqual([{ id: "eve", code: 4010, reason: "unfinished message" }]);
    }
  });

  it("starts the time of an unfinished message anew after each finished message", () => {
    const { clock, connections } = create();
    const ada = connections.open("ada");
    connections.socketOf(ada).isReceiving = true;
    for (let n = 0; n < 20; n++) {
      live(clock, connections, 5_000);
      ada.unfinishedSince = undefined; // as a message does that comes in
    }
    expect(connections.closed).toEqual([]);
  });
});

function fail(): never {
  throw new Error("broken");
}

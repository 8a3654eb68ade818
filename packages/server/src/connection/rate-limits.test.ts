import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Connections } from "../../test/fake-connection.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import type { ServerLimits } from "../limits.ts";
import { checkedLimits } from "./checked-limits.ts";
import type { Connection } from "./connection.ts";
import { RateLimits } from "./rate-limits.ts";

let clock: FakeClock;
let connections: Connections;
beforeEach(() => {
  clock = new FakeClock();
});

function create(given: Partial<ServerLimits> = {}): RateLimits {
  const limits = checkedLimits(given);
  connections = new Connections(clock, limits);
  return new RateLimits(limits, clock);
}

let ids = 0;
const open = (user = "ada"): Connection => {
  const id = String(++ids);
  return connections.open(id, { client: { user, client: id } });
};

/** How many of the frames are within the rates. */
function granted(rates: RateLimits, connection: Connection, frames: number): number {
  let count = 0;
  for (let n = 0; n < frames; n++) if (rates.takeFrame(connection, 10) === undefined) count++;
  return count;
}

describe("the rates of a user", () => {
  it("are shared by all connections, and each connection keeps its own", () => {
    const rates = create();
    const counts = Array.from({ length: 5 }, () => granted(rates, open(), 500));
    expect(counts).toEqual([100, 100, 0, 0, 0]);
    expect(granted(rates, open("bob"), 500)).toBe(100);
  });

  it("survive reconnects: a second of ten connections gives no more than the rate", () => {
    const rates = create();
    granted(rates, open(), 500);
    granted(rates, open(), 500);
    clock.jump(1_000);
    expect(Array.from({ length: 10 }, () => granted(rates, open(), 100)).reduce((sum, n) => sum + n)).toBe(
      100,
    );
  });

  it("name the limit that a frame exceeds", () => {
    const rates = create();
    const first = open();
    granted(rates, first, 500);
    expect(rates.takeFrame(first, 10)).toEqual({ limit: "messagesPerSecond", waitMs: 20 });
    granted(rates, open(), 500);
    expect(rates.takeFrame(open(), 10)).toEqual({ limit: "userMessagesPerSecond", waitMs: 10 });
    for (let n = 0; n < 2; n++) rates.takeFrame(open("bob"), 524_288);
    expect(rates.takeFrame(open("bob"), 5_243)?.limit).toBe("userBytesPerSecond");
  });

  it("count chat messages and joins as well", () => {
    const rates = create();
    const count = (type: string, per: number): (string | undefined)[] => {
      const limits = new Set<string | undefined>();
      for (let n = 0; n < 5; n++) {
        const connection = open();
        for (let k = 0; k < per; k++) limits.add(rates.takeForType(connection, type)?.limit);
      }
      return [...limits];
    };
    expect(count("chat_message", 10)).toEqual([undefined, "userChatPerSecond"]);
    expect(count("join", 30)).toEqual([undefined, "userJoinsPerSecond"]);
  });

  it("are forgotten when they are full again, by the table and by the connections", () => {
    const rates = create();
    const ada = open();
    const bob = open("bob");
    granted(rates, ada, 10);
    granted(rates, bob, 100);
    clock.jump(500);
    rates.sweep([ada, bob]);
    expect(rates.trackedUsers).toBe(1);
    expect(ada.userBuckets).toBeUndefined();
    expect(bob.userBuckets).toBeDefined();
    clock.jump(500);
    rates.sweep([ada, bob]);
    expect(rates.trackedUsers).toBe(0);
  });

  it("give no order of frames, reconnects, pauses and sweeps more than the burst and the rate", () => {
    const step = fc.oneof(
      fc.record({ frames: fc.integer({ min: 1, max: 300 }) }),
      fc.constant("reconnect" as const),
      fc.constant("sweep" as const),
      fc.record({ pauseMs: fc.integer({ min: 1, max: 3_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        clock = new FakeClock();
        const rates = create();
        const startedAt = clock.now();
        let connection = open();
        let all = 0;
        for (const next of steps) {
          if (next === "reconnect") connection = open();
          else if (next === "sweep") rates.sweep([connection]);
          else if ("frames" in next) all += granted(rates, connection, next.frames);
          else clock.jump(next.pauseMs);
        }
        expect(all).toBeLessThanOrEqual(200 + Math.ceil(((clock.now() - startedAt) / 1_000) * 100));
      }),
    );
  });
});

describe("the rate of a channel", () => {
  it("is one for all senders, and none for another channel [s-A4]", () => {
    const rates = create();
    const sizes = Array.from({ length: 40 }, () => rates.takeForChannel("room:a", 65_536));
    expect(sizes.filter((exceeded) => exceeded === undefined)).toHaveLength(32);
    expect(sizes.at(-1)).toEqual({ limit: "channelBytesPerSecond", waitMs: 63 });
    expect(rates.takeForChannel("room:b", 65_536)).toBeUndefined();
  });

  it("delays a message until there is room, and never drops one [s-A4]", async () => {
    const rates = create();
    rates.takeForChannel("all", 2 * 1024 * 1024);
    let delivered = 0;
    const senders = Array.from({ length: 20 }, () => open(`user ${String(++ids)}`));
    for (const sender of senders) {
      const pace = async (): Promise<void> => rates.paceChannel(sender, "all", 65_536);
      void pace().then(() => delivered++);
    }
    await clock.advance(500);
    expect(delivered).toBeLessThanOrEqual(8);
    await clock.advance(3_000);
    expect(delivered).toBe(20);
  });
});

describe("the limits of a node", () => {
  it("give a user twice what a connection has, unless the user's own are set", () => {
    const limits = checkedLimits({ messagesPerSecond: 1_000, bytesPerSecond: 1e9, userChatPerSecond: 7 });
    expect(limits).toMatchObject({
      userMessagesPerSecond: 2_000,
      userMessageBurst: 200,
      userBytesPerSecond: 2e9,
      userChatPerSecond: 7,
      userJoinBurst: 120,
    });
  });

  it.each([
    [{ userMessagesPerSecond: 0 }, "limits.userMessagesPerSecond is 0: it must be a number, above 0."],
    [{ rooms: -1 }, "limits.rooms is -1: it must be a number, at least 0 and at most 1000."],
    [{ messagesPerSecond: NaN }, "limits.messagesPerSecond is NaN: it must be a number, above 0."],
    [
      { helloMs: Infinity },
      "limits.helloMs is Infinity: it must be a number, at least 10 and at most 2147483647.",
    ],
    [
      { messageBytes: 2e6 },
      "limits.messageBytes is 2000000: it must be a number, at least 100 and at most 1048576.",
    ],
    [{ rooms: 1_001 }, "limits.rooms is 1001: it must be a number, at least 0 and at most 1000."],
    [
      { heartbeatMs: 40_000 },
      "limits.heartbeatMs is 40000: it must be below limits.silenceMs (35000), which closes a peer that was not pinged.",
    ],
    [
      { heartbeatMs: 0 },
      "limits.heartbeatMs is 0: it must be at least 100, because a peer answers each ping, and above limits.pingsPerSecond (20) it is closed.",
    ],
    [{ pingsPerSecond: 0.5 }, "limits.pingsPerSecond is 0.5: it must be a number, at least 1."],
    [{ runningRequests: 0 }, "limits.runningRequests is 0: it must be a number, at least 1."],
    [
      { waitingRequests: 81 },
      "limits.runningRequests and limits.waitingRequests are 16 and 81: together they must be at most 96, the replies that are stored of a client.",
    ],
    [{ byteBurst: "1MB" as unknown as number }, "limits.byteBurst is 1MB: it must be a number, above 0."],
  ])("that cannot work throw when the node is made: %j", (given, message) => {
    expect(() => checkedLimits(given)).toThrow(new TypeError(message));
  });

  it("are the defaults where they are undefined", () => {
    expect(checkedLimits({ rooms: undefined as unknown as number })).toEqual(checkedLimits());
  });

  it("may be infinite where they are no time", () => {
    const rates = create({ userMessagesPerSecond: Infinity, userMessageBurst: Infinity });
    expect(Array.from({ length: 5 }, () => granted(rates, open(), 500))).toEqual([100, 100, 100, 100, 100]);
  });
});

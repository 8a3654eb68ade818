import type { Clock } from "@halyard/server";
import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import { systemClock } from "../common/system-clock.ts";
import { Keys } from "../scripts/keys.ts";
import { CHANNEL_MS } from "./channel-log.ts";
import { KeptPositions } from "./kept-positions.ts";

const redis = useRedis();
const keys = new Keys("halyard", 16);

/** A clock on which a day takes no time, and everything else takes its time. */
const shortDays: Clock = {
  ...systemClock,
  setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms > 3_600_000 ? 1 : ms),
};

/** The time for which the position of a channel is still stored, in ms. */
const left = (channel: string): Promise<number> =>
  redis.server.control((client) => client.pTTL(keys.channel(channel).state));

/** Lets all but a minute of the time pass. */
const wait = (channel: string): Promise<unknown> =>
  redis.server.control((client) => client.pExpire(keys.channel(channel).state, 60_000));

describe("the position of a channel in which nothing is published", () => {
  it("is kept for as long as a node follows the channel", async () => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start({ clock: shortDays })];
    await two.backplane.subscribe("room:a");
    for (const channel of ["room:a", "room:b"]) {
      await one.publish(channel, "first");
      await wait(channel);
    }
    await expect.poll(() => left("room:a")).toBeGreaterThan(CHANNEL_MS - 60_000);
    expect(await left("room:b")).toBeLessThanOrEqual(60_000);
    await two.backplane.unsubscribe("room:a");
    await expect.poll(() => wait("room:a").then(() => left("room:a"))).toBeLessThanOrEqual(60_000);
  });

  it("is kept for its whole time from when a node opens the channel", async () => {
    const node = await redis.nodes.start();
    await node.publish("room:a", "first");
    await wait("room:a");
    await node.backplane.read("room:a", { after: 0, limit: 100 });
    expect(await left("room:a")).toBeLessThanOrEqual(60_000);
    await node.backplane.read("room:a", { after: 0, limit: 0 });
    expect(await left("room:a")).toBeGreaterThan(CHANNEL_MS - 60_000);
    await node.backplane.read("room:never", { after: 0, limit: 0 });
    expect(await left("room:never")).toBe(-2);
  });

  it("would be lost without a renewal, and the next message would follow nothing", async () => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
    await two.backplane.subscribe("room:a");
    await one.publish("room:a", "first");
    await redis.server.control((client) => client.del(keys.channel("room:a").state));
    await one.publish("room:a", "second");
    await expect.poll(() => two.texts("room:a")).toEqual(["first", "second"]);
    const [first, second] = two.publications;
    expect([second?.epoch === first?.epoch, second?.prev]).toEqual([true, 0]);
  });
});

describe("the renewal", () => {
  it("names at most 128 channels in a call, goes on after a call that fails, and ends with the node", async () => {
    const calls: (readonly (readonly string[])[])[] = [];
    const timers: (() => void)[] = [];
    const kept = new KeptPositions({
      calls: {
        transaction: (commands) => {
          calls.push(commands);
          return calls.length === 1 ? Promise.reject(new Error("away")) : Promise.resolve([]);
        },
      },
      clock: { ...systemClock, setTimeout: (callback) => timers.push(callback), clearTimeout: () => {} },
      keys,
    });
    const rooms = Array.from({ length: 300 }, (_, index) => keys.channel(`room:${String(index)}`).messages);
    kept.start(() => [keys.nodes, ...rooms, keys.presence]);
    timers[0]?.();
    await expect.poll(() => timers.length).toBe(2);
    expect(calls.map(({ length }) => length)).toEqual([128, 128, 44]);
    expect(calls[0]?.[0]).toEqual(["PEXPIRE", keys.channel("room:0").state, String(CHANNEL_MS)]);
    kept.stop();
    timers[1]?.();
    await Promise.resolve();
    expect([calls.length, timers.length]).toEqual([3, 2]);
  });
});

import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import { StoreClock } from "./store-clock.ts";
import { systemClock } from "./system-clock.ts";

const redis = useRedis();

/** A clock that is ahead of the machine's, and whose `now` counts from somewhere else. */
function ahead(ms: number) {
  return { ...systemClock, date: () => Date.now() + ms, now: () => systemClock.now() + 5 * ms };
}

describe("nodes whose clocks are a minute apart", () => {
  const request = { client: "c", attempt: 1, connectionId: "1", limit: 9, policy: "reject" } as const;

  it.each([
    [60_000, 0],
    [0, 60_000],
    [-60_000, 60_000],
  ])("compare marks as if they were not: %i and %i ms", async (first, second) => {
    const [a, b] = [ahead(first), ahead(second)];
    const one = await redis.nodes.start({ clock: a });
    const two = await redis.nodes.start({ clock: b });
    const mark = { user: "ada", notBefore: a.now(), code: 4403, reason: "" };
    await one.backplane.revoke(mark, 60_000);
    await expect.poll(() => two.revoked.length).toBe(1);
    const [told] = two.revoked;
    const [read] = await two.backplane.revocations(["ada"], []);
    for (const seen of [told, read])
      expect(
        Math.abs(("notBefore" in (seen ?? {}) ? (seen as typeof mark).notBefore : 0) - b.now()),
      ).toBeLessThan(5_000);
    const admit = (authenticatedAt: number) =>
      two.backplane.admit({ ...request, user: "ada", authenticatedAt, isProbe: true });
    expect(await admit(b.now() - 20_000)).toEqual({ admitted: false, reason: "revoked", code: 4403 });
    expect(await admit(b.now() + 20_000)).toMatchObject({ admitted: true });
  });

  it("know whose connection is the oldest", async () => {
    const [a, b] = [ahead(60_000), ahead(0)];
    const one = await redis.nodes.start({ clock: a });
    const two = await redis.nodes.start({ clock: b });
    const open = (node: typeof one, id: string, openedAt: number) =>
      node.backplane.applyPresence([
        {
          ...{ op: "+", room: undefined, user: "ada", connectionId: id, client: id, profile: "{}" },
          ...{ attempt: 1, limit: 1, openedAt },
        },
      ]);
    await open(one, "old", a.date() - 10_000);
    expect(await open(two, "new", b.date())).toEqual([{ user: "ada", connectionId: "old", reason: "limit" }]);
  });
});

describe("clocks that are less than 200 ms apart", () => {
  it("count as the same, so that a time is not changed by how long an answer takes", () => {
    let now = 10_000;
    const time = new StoreClock({ ...systemClock, date: () => now });
    time.heard(10_150, 10_000);
    expect(time.toStore(1)).toBe(1);
    now = 11_000;
    // On its way for 1 s: the difference is less than what is not known.
    time.heard(11_150, 10_000);
    expect(time.toStore(1)).toBe(1);
    time.heard(16_000, 11_000);
    expect(time.toStore(1)).toBe(5_001);
  });
});

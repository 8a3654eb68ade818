import { dateOf } from "@halyard/protocol/internal";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/src/clock/fake-clock.ts";
import { FakeBackplane } from "../../test/fake-backplane.ts";
import { ChangePublisher } from "./change-publisher.ts";

function scene() {
  const [clock, backplane, errors] = [new FakeClock(), new FakeBackplane(), [] as unknown[]];
  const publisher = new ChangePublisher({ backplane, clock, onError: (error) => errors.push(error) });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1_000) {
      clock.skip(Math.min(left, 1_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, backplane, errors, publisher, pass };
}

const ended = (...sessionIds: string[]) => ({ kind: "ended", sessionIds, code: 4401 }) as const;

describe("the publisher of changes", () => {
  it("stores a mark for each session that ended, for an hour, and announces them together", async () => {
    const { backplane, publisher } = scene();
    await publisher.publish(ended("a", "b"));
    expect(backplane.marks).toEqual([
      { mark: { session: "a", code: 4401, reason: "" }, ttlMs: 3_600_000 },
      { mark: { session: "b", code: 4401, reason: "" }, ttlMs: 3_600_000 },
    ]);
    expect(backplane.notices).toEqual([ended("a", "b")]);
  });

  it("stores one mark of a banned user, with the time of the ban", async () => {
    const { backplane, clock, publisher } = scene();
    await publisher.publish({ kind: "banned", userId: "ada" });
    await publisher.publish({ kind: "ended", sessionIds: ["a"], code: 4403 });
    const notBefore = dateOf(clock);
    expect(backplane.marks.map(({ mark }) => mark)).toEqual([
      { user: "ada", notBefore, code: 4403, reason: "" },
    ]);
    expect(backplane.notices).toEqual([{ kind: "ended", sessionIds: ["a"], code: 4403 }]);
  });

  it("repeats what a backplane did not take, in order, and reports its absence once", async () => {
    const { backplane, errors, publisher, pass } = scene();
    backplane.isAway = true;
    for (const id of ["a", "b", "c"]) await publisher.publish(ended(id));
    await pass(30_000);
    expect(errors).toHaveLength(1);
    backplane.isAway = false;
    await pass(10_000);
    expect(backplane.marks.map(({ mark }) => mark)).toMatchObject(
      ["a", "b", "c"].map((session) => ({ session })),
    );
    expect(backplane.notices).toEqual([ended("a"), ended("b"), ended("c")]);
    await pass(60_000);
    expect(backplane.notices).toHaveLength(3);
    backplane.isAway = true;
    await publisher.publish(ended("d"));
    expect(errors).toHaveLength(2);
  });

  it("gives up after five minutes, and keeps at most 10,000 calls", async () => {
    const { backplane, publisher, pass } = scene();
    backplane.isAway = true;
    for (let number = 0; number < 6_000; number += 1) await publisher.publish(ended(String(number)));
    backplane.isAway = false;
    await pass(60_000);
    expect(backplane.marks.length + backplane.notices.length).toBe(10_000);
    expect(backplane.notices.at(-1)).toEqual(ended("5999"));
    backplane.isAway = true;
    await publisher.publish(ended("late"));
    await pass(5 * 60_000 + 30_000);
    backplane.isAway = false;
    await pass(60_000);
    expect(backplane.notices).not.toContainEqual(ended("late"));
  });
});

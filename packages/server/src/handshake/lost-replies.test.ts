import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { Backplane } from "../backplane.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";

/** What a connect waits for. Presence operations are repeated by the backplane itself, in their order. */
const CALLS = ["admit", "subscribe", "read", "recall", "givenRooms"] as const;

type Call = (typeof CALLS)[number];

let system: TestSystem;
let replies: Call[];
let lost: Partial<Record<Call, number>>;
/** What the next reply to `recall` waits for. */
let held: Promise<void> | undefined;

/** A backplane whose calls have their effect, and whose next replies are lost. */
function createLossy(): TestSystem {
  const clock = new FakeClock();
  const memory = createMemoryBackplane({ clock });
  replies = [];
  lost = {};
  held = undefined;
  const replacements = CALLS.map((name) => {
    const call = (...args: unknown[]): Promise<unknown> => {
      const method = memory[name] as (...args: unknown[]) => unknown;
      const result = method.apply(memory, args);
      const left = lost[name] ?? 0;
      lost[name] = left - 1;
      replies.push(name);
      if (name === "recall" && held !== undefined) {
        const until = held;
        held = undefined;
        return until.then(() => result);
      }
      return left > 0 ? Promise.reject(new HalyardError("unavailable")) : Promise.resolve(result);
    };
    return [name, call];
  });
  const replaced = Object.fromEntries(replacements) as Partial<Backplane>;
  const backplane = new Proxy<Backplane>(memory, {
    get: (target, name) => {
      const own = replaced[name as Call] ?? target[name as keyof Backplane];
      return typeof own === "function" ? (own as () => unknown).bind(target) : own;
    },
  });
  return (system = new TestSystem({ clock, backplane }));
}

afterEach(() => system.expectToEndCleanly());

describe("while a client connects", () => {
  it.each(CALLS)("one lost reply to %s does not end the connection", async (name) => {
    createLossy();
    lost[name] = 1;
    const ws = await system.join("ada", { attempt: 2, rooms: ["hall"] });
    expect(ws.received("welcome")).toHaveLength(1);
    expect(ws.closedWith).toBeUndefined();
    expect(replies.filter((each) => each === name).length).toBeGreaterThan(1);
  });

  it("it closes with 1013 when admit is without a reply again, after one repetition", async () => {
    createLossy();
    lost.admit = Infinity;
    const ws = await system.join("ada", { attempt: 2 });
    expect(ws.closedWith).toMatchObject({ code: 1013 });
    expect(replies.filter((each) => each === "admit")).toHaveLength(2);
  });

  it.each(CALLS.filter((name) => name !== "admit"))(
    "it goes on without %s when that is without a reply again, after one repetition",
    async (name) => {
      createLossy();
      lost[name] = Infinity;
      const ws = await system.join("ada", { attempt: 2 });
      expect(ws.received("welcome")).toHaveLength(1);
      expect(ws.closedWith).toBeUndefined();
      // The channels of everyone and of the user are opened at the same time.
      const opened = name === "subscribe" || name === "read" ? 2 : 1;
      expect(replies.filter((each) => each === name)).toHaveLength(2 * opened);
    },
  );
});

describe("what a welcome left open", () => {
  it("is a room that the server gave: the client goes on in it where it was", async () => {
    const { clock, manager } = createLossy();
    const first = await system.join("ada");
    await manager.join(first, "hall");
    clock.flush();
    const [given] = first.received("joined");
    const { epoch, off } = given as unknown as { epoch: string; off: number };
    await system.drop(first);
    await manager.sendToRoom("hall", { type: "announcement", message: "missed" });
    lost.givenRooms = 2;
    const positions = [{ ch: "room:hall", epoch, off }];
    const again = await system.join("ada", { attempt: 2, positions });
    expect(again.received("welcome")[0]?.["channels"]).not.toHaveProperty("room:hall");
    await clock.advance(10_000);
    expect(again.received("joined")).toMatchObject([{ room: "hall", epoch, off }]);
    expect(again.received("announcement")).toMatchObject([{ message: "missed" }]);
  });

  it("is made up for also where that fails while another connection is still being finished", async () => {
    const { clock } = createLossy();
    lost.recall = Infinity;
    await system.join("ada", { attempt: 2 });
    await system.join("bea", { attempt: 2 });
    const recalls = (): number => replies.filter((each) => each === "recall").length;
    const before = recalls();
    let arrive = (): void => {};
    held = new Promise((resolve) => (arrive = resolve));
    // The reply to the one is late, and that to the other is lost.
    lost.recall = 2;
    await clock.advance(3_000);
    expect(recalls() - before).toBe(2);
    await clock.advance(10_000);
    arrive();
    await clock.advance(10_000);
    expect(recalls() - before).toBe(3);
  });
});

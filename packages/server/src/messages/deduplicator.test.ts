import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import type { Work, WorkState } from "../backplane.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";
import { Deduplicator } from "./deduplicator.ts";

const work = (key: number | string, digest = 1): Work => ({
  ref: { user: "ada", client: "c" },
  key,
  digest,
});

function create(): {
  clock: FakeClock;
  once: Deduplicator;
  run: (work: Work, execute: () => string | Promise<string>) => Promise<string>;
  execute: (result: string) => () => Promise<string>;
  ran: string[];
} {
  const clock = new FakeClock();
  const ran: string[] = [];
  const execute = (result: string) => async (): Promise<string> => {
    ran.push(result);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000));
    return result;
  };
  const once = new Deduplicator(createMemoryBackplane({ clock }), clock, 30_000);
  return { clock, once, run: async (...asked) => once.run(...asked), execute, ran };
}

describe("once-only work", () => {
  it("runs once for two repetitions at the same time, and both get its answer", async () => {
    const { clock, run, execute, ran } = create();
    const answers = Promise.all([run(work(1), execute("a")), run(work(1), execute("b"))]);
    await clock.advance(1_000);
    expect(await answers).toEqual(["a", "a"]);
    expect(ran).toEqual(["a"]);
  });

  it("is answered from what is stored once it has run", async () => {
    const { clock, run, execute, ran } = create();
    const first = run(work("r1"), execute("a"));
    await clock.advance(1_000);
    expect([await first, await run(work("r1"), execute("b"))]).toEqual(["a", "a"]);
    expect(ran).toEqual(["a"]);
  });

  it("answers a repetition when the answer is there, and not a moment later", async () => {
    const { clock, run, execute } = create();
    void run(work(1), execute("a"));
    await clock.advance(10);
    const again = run(work(1), execute("b"));
    let answered = false;
    void again.then(() => (answered = true));
    await clock.advance(990);
    expect(answered).toBe(true);
  });

  it("does not wait for other work of the same client", async () => {
    const { clock, run, execute, ran } = create();
    const answers = Promise.all([run(work(1), execute("a")), run(work("1"), execute("b"))]);
    expect(await run(work(2), () => Promise.resolve("c"))).toBe("c");
    await clock.advance(1_000);
    expect(await answers).toEqual(["a", "b"]);
    expect(ran).toEqual(["a", "b"]);
  });

  it("is a conflict when it is out of turn, or something else under a known name", async () => {
    const { run } = create();
    const now = (): Promise<string> => Promise.resolve("x");
    await run(work(1), now);
    await expect(run(work(3), now)).rejects.toMatchObject({ code: "conflict" });
    await expect(run(work(1, 2), now)).rejects.toMatchObject({ code: "conflict" });
  });

  it("keeps nothing of what has ended, well or not", async () => {
    const { clock, once, run, execute } = create();
    const running = run(work(1), execute("a"));
    await clock.settle();
    expect(once.size).toBe(1);
    await clock.advance(1_000);
    await running;
    expect(once.size).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("that runs on another node is waited for, and then taken over", async () => {
    const { clock, ran, execute } = create();
    const states: WorkState[] = [{ state: "running" }, { state: "running" }, { state: "run" }];
    const once = new Deduplicator(
      {
        ...createMemoryBackplane({ clock }),
        begin: () => Promise.resolve(states.shift() ?? { state: "conflict" }),
        settle: () => Promise.resolve(),
      },
      clock,
      30_000,
    );
    const answer = Promise.resolve(once.run(work(1), execute("a")));
    await clock.advance(499);
    expect(ran).toEqual([]);
    await clock.advance(1_001);
    expect(await answer).toBe("a");
  });

  it("that never ends on another node is a timeout", async () => {
    const { clock, execute } = create();
    const begin = (): Promise<WorkState> => Promise.resolve({ state: "running" });
    const once = new Deduplicator({ ...createMemoryBackplane({ clock }), begin }, clock, 30_000);
    const answer = Promise.resolve(once.run(work(1), execute("a"))).catch((error: unknown) => error);
    await clock.advance(31_000);
    expect(await answer).toEqual(new HalyardError("timeout"));
    expect(clock.timers).toBe(0);
  });
});

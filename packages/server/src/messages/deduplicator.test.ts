import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import type { Backplane, Work, WorkState } from "../backplane.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";
import { Deduplicator } from "./deduplicator.ts";
import type { ClientWork } from "./deduplicator.ts";

const work = (key: number | string, digest = 1): Omit<Work, "connection"> => ({
  ref: { user: "ada", client: "c" },
  key,
  digest,
});

function create(): {
  clock: FakeClock;
  deduplicator: Deduplicator;
  run: (work: Omit<Work, "connection">, execute: () => string | Promise<string>) => Promise<string>;
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
  const deduplicator = new Deduplicator(createMemoryBackplane({ clock }), clock, 30_000);
  return { clock, deduplicator, run: async (...args) => deduplicator.run(...args), execute, ran };
}

describe("a deduplicated operation", () => {
  it("runs once for two calls at the same time, and both get its result", async () => {
    const { clock, run, execute, ran } = create();
    const answers = Promise.all([run(work(1), execute("a")), run(work(1), execute("b"))]);
    await clock.advance(1_000);
    expect(await answers).toEqual(["a", "a"]);
    expect(ran).toEqual(["a"]);
  });

  it("gets the stored result after it has run", async () => {
    const { clock, run, execute, ran } = create();
    const first = run(work("r1"), execute("a"));
    await clock.advance(1_000);
    expect([await first, await run(work("r1"), execute("b"))]).toEqual(["a", "a"]);
    expect(ran).toEqual(["a"]);
  });

  it("gives a repetition its result in the same turn in which it is ready", async () => {
    const { clock, run, execute } = create();
    void run(work(1), execute("a"));
    await clock.advance(10);
    const again = run(work(1), execute("b"));
    let answered = false;
    void again.then(() => (answered = true));
    await clock.advance(990);
    expect(answered).toBe(true);
  });

  it("does not wait for other operations of the same client", async () => {
    const { clock, run, execute, ran } = create();
    const answers = Promise.all([run(work(1), execute("a")), run(work("1"), execute("b"))]);
    expect(await run(work(2), () => Promise.resolve("c"))).toBe("c");
    await clock.advance(1_000);
    expect(await answers).toEqual(["a", "b"]);
    expect(ran).toEqual(["a", "b"]);
  });

  it("throws conflict when its number is out of order, or its key belongs to another message", async () => {
    const { run } = create();
    const now = (): Promise<string> => Promise.resolve("x");
    await run(work(1), now);
    await expect(run(work(3), now)).rejects.toMatchObject({ code: "conflict" });
    await expect(run(work(1, 2), now)).rejects.toMatchObject({ code: "conflict" });
  });

  it("leaves nothing in memory when it has ended", async () => {
    const { clock, deduplicator, run, execute } = create();
    const running = run(work(1), execute("a"));
    await clock.settle();
    expect(deduplicator.size).toBe(1);
    await clock.advance(1_000);
    await running;
    expect(deduplicator.size).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("waits while another node runs it, and runs here when that node stops", async () => {
    const { clock, ran, execute } = create();
    const states: WorkState[] = [{ state: "running" }, { state: "running" }, { state: "run" }];
    const deduplicator = new Deduplicator(
      {
        ...createMemoryBackplane({ clock }),
        begin: () => Promise.resolve(states.shift() ?? { state: "conflict" }),
        settle: () => Promise.resolve(),
      },
      clock,
      30_000,
    );
    const answer = Promise.resolve(deduplicator.run(work(1), execute("a")));
    await clock.advance(499);
    expect(ran).toEqual([]);
    await clock.advance(1_001);
    expect(await answer).toBe("a");
  });

  it("throws timeout when another node never ends it", async () => {
    const { clock, execute } = create();
    const begin = (): Promise<WorkState> => Promise.resolve({ state: "running" });
    const deduplicator = new Deduplicator({ ...createMemoryBackplane({ clock }), begin }, clock, 30_000);
    const answer = Promise.resolve(deduplicator.run(work(1), execute("a"))).catch((error: unknown) => error);
    await clock.advance(31_000);
    expect(await answer).toEqual(new HalyardError("timeout"));
    expect(clock.timers).toBe(0);
  });
});

describe("an operation that may have run, where the store has lost the results of its client", () => {
  const UNKNOWN = { type: "error", code: "unavailable", mayHaveRun: true };
  const publication = {
    ...{ channel: "all", data: "text", history: { messages: 1, bytes: 1, ms: 1 } },
    result: ["", ""] as const,
  };

  /** The store has lost everything; `begun` has what it was asked to begin. */
  function createEmptied(calls: Partial<Backplane> = {}) {
    const clock = new FakeClock();
    const begun: (boolean | undefined)[] = [];
    const begin = async ({ mayHaveRun }: Work): Promise<WorkState> => {
      begun.push(mayHaveRun);
      return { state: mayHaveRun === true ? "forgotten" : "run" };
    };
    const settle = async (): Promise<void> => {};
    const backplane = { ...createMemoryBackplane({ clock }), begin, settle, ...calls };
    return { begun, clock, deduplicator: new Deduplicator(backplane, clock, 30_000) };
  }

  it("does not run again, and is answered as what may have run", async () => {
    const { deduplicator } = createEmptied();
    const reply = await deduplicator.run({ ...work(1), mayHaveRun: true }, () => "ran");
    expect(JSON.parse(`${reply}}`)).toMatchObject(UNKNOWN);
  });

  it.each([
    ["does not run where the publish may have reached the store", {}, true],
    ["runs where the publish has certainly not reached the store", { hasNoEffect: true }, false],
  ])("%s", async (_, fields, isUnknown) => {
    const failure = Object.assign(new HalyardError("unavailable"), fields);
    const { begun, clock, deduplicator } = createEmptied({ publishOnce: () => Promise.reject(failure) });
    const reply = Promise.resolve(deduplicator.run(work(1), () => `{"ran":true`, publication));
    await clock.advance(1_000);
    expect(JSON.parse(`${await reply}}`)).toMatchObject(isUnknown ? UNKNOWN : { ran: true });
    expect(begun).toEqual([isUnknown || undefined]);
  });

  it("does not run a second time because the first run has ended without a known outcome", async () => {
    const { deduplicator } = createEmptied();
    const repeated: ClientWork = work(1);
    await expect(deduplicator.run(repeated, () => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
    expect(JSON.parse(`${await deduplicator.run(repeated, () => "ran")}}`)).toMatchObject(UNKNOWN);
  });
});

describe("a repetition of what runs on this node, after the backplane has lost its state", () => {
  it("gets the result of that run, which is stored for both", async () => {
    const clock = new FakeClock();
    const settled: [claim: number | undefined, result: string | undefined][] = [];
    const backplane = {
      ...createMemoryBackplane({ clock }),
      begin: async ({ mayHaveRun }: Work): Promise<WorkState> => ({
        state: mayHaveRun === true ? "forgotten" : "run",
      }),
      settle: async ({ claim }: Work, result: string | undefined): Promise<void> => {
        settled.push([claim, result]);
      },
    };
    const deduplicator = new Deduplicator(backplane, clock, 30_000);
    let runs = 0;
    const execute = async (): Promise<string> => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000));
      return `run ${String(++runs)}`;
    };
    const first = deduplicator.run({ ...work(1), claim: 1 }, execute);
    await clock.advance(10);
    const again = deduplicator.run({ ...work(1), claim: 2, mayHaveRun: true }, execute);
    await clock.advance(1_000);
    expect([await first, await again]).toEqual(["run 1", "run 1"]);
    expect(settled).toEqual([
      [1, "run 1"],
      [2, "run 1"],
    ]);
  });
});

import { describe, expect, it } from "vitest";
import type { Work } from "../backplane.ts";
import { IdempotencyLog } from "./idempotency-log.ts";

const MINUTE = 60_000;
const run = { state: "run" };
const running = { state: "running" };
const conflict = { state: "conflict" };
const done = (result: string): object => ({ state: "done", result });

const work = (
  key: number | string,
  more: { client?: string; user?: string; digest?: number } = {},
): Work => ({
  ref: { user: more.user ?? "ada", client: more.client ?? "c" },
  key,
  digest: more.digest ?? 1,
});

/** Runs and settles each of them. */
function perform(log: IdempotencyLog, works: readonly Work[]): void {
  for (const each of works) {
    expect(log.begin(each, 0)).toEqual(run);
    log.settle(each, `result of ${String(each.key)}`);
  }
}

const sends = (from: number, to: number): Work[] =>
  Array.from({ length: to - from + 1 }, (_, n) => work(from + n));

describe("a send", () => {
  it("runs once: a repetition gets its result", () => {
    const log = new IdempotencyLog();
    expect(log.begin(work(1), 0)).toEqual(run);
    expect(log.begin(work(1), 0)).toEqual(running);
    log.settle(work(1), "a");
    expect(log.begin(work(1), 0)).toEqual(done("a"));
    expect(log.begin(work(1), 0)).toEqual(done("a"));
  });

  it("is the next one, or a conflict", () => {
    const log = new IdempotencyLog();
    perform(log, sends(1, 3));
    expect(log.begin(work(5), 0)).toEqual(conflict);
    expect(log.begin(work(4), 0)).toEqual(run);
    expect(log.begin(work(5), 0)).toEqual(run);
  });

  it("may be the next one while the one before it runs", () => {
    const log = new IdempotencyLog();
    expect(sends(1, 3).map((each) => log.begin(each, 0))).toEqual([run, run, run]);
  });

  it("begins anywhere for a client without a past", () => {
    const log = new IdempotencyLog();
    expect(log.begin(work(17), 0)).toEqual(run);
    expect(log.begin(work(16), 0)).toEqual(conflict);
  });

  it("is a conflict under a number that another message has", () => {
    const log = new IdempotencyLog();
    perform(log, [work(1)]);
    expect(log.begin(work(1, { digest: 2 }), 0)).toEqual(conflict);
    expect(log.begin(work(1), 0)).toEqual(done("result of 1"));
  });

  it("is remembered for the last 32 and no longer", () => {
    const log = new IdempotencyLog();
    perform(log, sends(1, 40));
    expect(log.begin(work(9), 0)).toEqual(done("result of 9"));
    expect(log.begin(work(8), 0)).toEqual(conflict);
  });

  it("that took longer than the next 32 is not remembered after all", () => {
    const log = new IdempotencyLog();
    for (const each of sends(1, 33)) log.begin(each, 0);
    log.settle(work(1), "late");
    expect(log.begin(work(1), 0)).toEqual(conflict);
  });

  it("that is forgotten may run again", () => {
    const log = new IdempotencyLog();
    perform(log, sends(1, 2));
    expect(log.begin(work(3), 0)).toEqual(run);
    log.settle(work(3), undefined);
    expect(log.begin(work(4), 0)).toEqual(conflict);
    expect(log.begin(work(3), 0)).toEqual(run);
  });
});

describe("a request", () => {
  it("runs once per id, in any order", () => {
    const log = new IdempotencyLog();
    expect(log.begin(work("r7"), 0)).toEqual(run);
    expect(log.begin(work("r2"), 0)).toEqual(run);
    expect(log.begin(work("r7"), 0)).toEqual(running);
    log.settle(work("r7"), "a");
    expect(log.begin(work("r7"), 0)).toEqual(done("a"));
    expect(log.begin(work("r7", { digest: 2 }), 0)).toEqual(conflict);
  });

  it("has nothing to do with a send of the same name", () => {
    const log = new IdempotencyLog();
    perform(log, [work(1), work("1")]);
    expect(log.begin(work(1), 0)).toEqual(done("result of 1"));
  });

  it("with a result over 16 KiB may run again", () => {
    const log = new IdempotencyLog();
    for (const [size, state] of [
      [16 * 1024, done("x".repeat(16 * 1024))],
      [16 * 1024 + 1, run],
    ] as const) {
      const each = work(`r${String(size)}`);
      log.begin(each, 0);
      log.settle(each, "x".repeat(size));
      expect(log.begin(each, 0)).toEqual(state);
    }
  });

  it("is forgotten when its client's results are over 256 KiB, the oldest first", () => {
    const log = new IdempotencyLog();
    const asked = Array.from({ length: 17 }, (_, n) => work(`r${String(n)}`));
    log.begin(work("pending"), 0);
    for (const each of asked) {
      log.begin(each, 0);
      log.settle(each, "x".repeat(16 * 1024));
    }
    expect(log.begin(work("pending"), 0)).toEqual(running);
    expect(log.begin(work("r1"), 0)).toMatchObject({ state: "done" });
    expect(log.begin(work("r0"), 0)).toEqual(run);
  });
});

describe("a client", () => {
  it("counts only together with its user", () => {
    const log = new IdempotencyLog();
    perform(log, [work(1)]);
    expect(log.begin(work(1, { user: "eve" }), 0)).toEqual(run);
    expect(log.begin(work(1, { client: "d" }), 0)).toEqual(run);
  });

  it("is forgotten five minutes after its last use", () => {
    const log = new IdempotencyLog();
    perform(log, [work(1)]);
    log.begin(work(1), MINUTE);
    log.sweep(6 * MINUTE);
    expect(log.begin(work(1), 6 * MINUTE)).toEqual(done("result of 1"));
    log.sweep(11 * MINUTE + 1);
    expect(log.begin(work(1), 11 * MINUTE + 1)).toEqual(run);
  });

  it("is one of at most 20 of its user: the one that was used least recently is forgotten", () => {
    const log = new IdempotencyLog();
    const clients = Array.from({ length: 21 }, (_, n) => work(1, { client: `c${String(n)}` }));
    perform(log, clients.slice(0, 20));
    expect(log.begin(work(1, { client: "c0" }), 0)).toMatchObject({ state: "done" });
    perform(log, clients.slice(20));
    expect(log.begin(work(1, { client: "c0" }), 0)).toMatchObject({ state: "done" });
    expect(log.begin(work(1, { client: "c1" }), 0)).toEqual(run);
  });

  it("that was forgotten while its work ran is not brought back by its result", () => {
    const log = new IdempotencyLog();
    log.begin(work(1), 0);
    log.sweep(6 * MINUTE);
    log.settle(work(1), "late");
    expect(log.size).toBe(0);
    expect(log.begin(work(1), 6 * MINUTE)).toEqual(run);
  });
});

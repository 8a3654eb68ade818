import { describe, expect, it } from "vitest";
import type { ClientRef, Work } from "../backplane.ts";
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

describe.each([
  ["the result cache", true],
  ["result maps", false],
])("IdempotencyLog with %s", (_, usesResultCache) => {
  function createLog(isOpen?: (ref: ClientRef) => boolean): IdempotencyLog {
    const log = new IdempotencyLog(isOpen);
    log.usesResultCache = usesResultCache;
    return log;
  }

  describe("for sends", () => {
    it("runs a send once, and answers a repetition with its result", () => {
      const log = createLog();
      expect(log.begin(work(1), 0)).toEqual(run);
      expect(log.begin(work(1), 0)).toEqual(running);
      log.settle(work(1), "a");
      expect(log.begin(work(1), 0)).toEqual(done("a"));
      expect(log.begin(work(1), 0)).toEqual(done("a"));
    });

    it("answers a send that skips a number with conflict", () => {
      const log = createLog();
      perform(log, sends(1, 3));
      expect(log.begin(work(5), 0)).toEqual(conflict);
      expect(log.begin(work(4), 0)).toEqual(run);
      expect(log.begin(work(5), 0)).toEqual(run);
    });

    it("runs a send while the one before it is still running", () => {
      const log = createLog();
      expect(sends(1, 3).map((each) => log.begin(each, 0))).toEqual([run, run, run]);
    });

    it("accepts any first number of a new client", () => {
      const log = createLog();
      expect(log.begin(work(17), 0)).toEqual(run);
      expect(log.begin(work(16), 0)).toEqual(conflict);
    });

    it("answers another message under a known number with conflict", () => {
      const log = createLog();
      perform(log, [work(1)]);
      expect(log.begin(work(1, { digest: 2 }), 0)).toEqual(conflict);
      expect(log.begin(work(1), 0)).toEqual(done("result of 1"));
    });

    it("remembers the last 32 sends and no more", () => {
      const log = createLog();
      perform(log, sends(1, 40));
      expect(log.begin(work(9), 0)).toEqual(done("result of 9"));
      expect(log.begin(work(8), 0)).toEqual(conflict);
    });

    it("does not remember a send that ends after the next 32", () => {
      const log = createLog();
      for (const each of sends(1, 33)) log.begin(each, 0);
      log.settle(work(1), "late");
      expect(log.begin(work(1), 0)).toEqual(conflict);
    });

    it("runs a send again that has had no effect, and no later one before it", () => {
      const log = createLog();
      perform(log, sends(1, 2));
      expect(log.begin(work(3), 0)).toEqual(run);
      log.settle({ ...work(3), hasNoEffect: true }, undefined);
      expect(log.begin(work(4), 0)).toEqual(conflict);
      expect(log.begin(work(3), 0)).toEqual(run);
    });
  });

  describe("for requests", () => {
    it("runs a request once per id, in any order", () => {
      const log = createLog();
      expect(log.begin(work("r7"), 0)).toEqual(run);
      expect(log.begin(work("r2"), 0)).toEqual(run);
      expect(log.begin(work("r7"), 0)).toEqual(running);
      log.settle(work("r7"), "a");
      expect(log.begin(work("r7"), 0)).toEqual(done("a"));
      expect(log.begin(work("r7", { digest: 2 }), 0)).toEqual(conflict);
    });

    it("keeps a request apart from a send with the same key", () => {
      const log = createLog();
      perform(log, [work(1), work("1")]);
      expect(log.begin(work(1), 0)).toEqual(done("result of 1"));
    });

    it("runs a request again whose result is longer than 16 KiB", () => {
      const log = createLog();
      for (const [size, state] of [
        [16 * 1024, done("x".repeat(16 * 1024))],
        [16 * 1024 + 1, { ...run, mayHaveRun: true }],
      ] as const) {
        const each = work(`r${String(size)}`);
        log.begin(each, 0);
        log.settle(each, "x".repeat(size));
        expect(log.begin(each, 0)).toEqual(state);
      }
    });

    it("drops the oldest results of a client when they exceed 256 KiB", () => {
      const log = createLog();
      const requests = Array.from({ length: 17 }, (_, n) => work(`r${String(n)}`));
      log.begin(work("pending"), 0);
      for (const each of requests) {
        log.begin(each, 0);
        log.settle(each, "x".repeat(16 * 1024));
      }
      expect(log.begin(work("pending"), 0)).toEqual(running);
      expect(log.begin(work("r1"), 0)).toMatchObject({ state: "done" });
      expect(log.begin(work("r0"), 0)).toEqual(run);
    });

    it("drops the oldest results of a client when there are more than 96", () => {
      const log = createLog();
      perform(
        log,
        Array.from({ length: 97 }, (_, n) => work(`r${String(n)}`)),
      );
      expect(log.begin(work("r1"), 0)).toEqual(done("result of r1"));
      expect(log.begin(work("r0"), 0)).toEqual(run);
    });
  });

  describe("for clients", () => {
    it("keeps clients with the same id apart when their users differ", () => {
      const log = createLog();
      perform(log, [work(1)]);
      expect(log.begin(work(1, { user: "eve" }), 0)).toEqual(run);
      expect(log.begin(work(1, { client: "d" }), 0)).toEqual(run);
    });

    it("forgets a client five minutes after its last use", () => {
      const log = createLog();
      perform(log, [work(1)]);
      log.begin(work(1), MINUTE);
      log.sweep(6 * MINUTE);
      expect(log.begin(work(1), 6 * MINUTE)).toEqual(done("result of 1"));
      log.sweep(11 * MINUTE + 1);
      expect(log.begin(work(1), 11 * MINUTE + 1)).toEqual(run);
    });

    const clients = (count: number): Work[] =>
      Array.from({ length: count }, (_, n) => work(1, { client: `c${String(n)}` }));

    it.each([
      ["twice as many clients per user as may connect", 25, 50],
      ["at least 40 clients per user, for the tabs that share a connection", 3, 40],
    ])("keeps %s, and forgets the least recently used one", (_, connections, kept) => {
      const log = createLog();
      log.maxConnections = connections;
      perform(log, clients(kept));
      expect(log.begin(work(1, { client: "c0" }), 0)).toMatchObject({ state: "done" });
      perform(log, clients(kept + 1).slice(kept));
      expect(log.begin(work(1, { client: "c0" }), 0)).toMatchObject({ state: "done" });
      expect(log.begin(work(1, { client: "c1" }), 0)).toEqual(run);
    });

    it("never forgets a client with an open connection", () => {
      const log = createLog(({ client }) => client === "c0");
      log.maxConnections = 3;
      perform(log, clients(54));
      expect(log.begin(work(1, { client: "c0" }), 0)).toMatchObject({ state: "done" });
      expect(log.begin(work(1, { client: "c14" }), 0)).toEqual(run);
    });

    it("does not restore a forgotten client when its operation ends", () => {
      const log = createLog();
      log.begin(work(1), 0);
      log.sweep(6 * MINUTE);
      log.settle(work(1), "late");
      expect(log.size).toBe(0);
      expect(log.begin(work(1), 6 * MINUTE)).toEqual(run);
    });
  });
});

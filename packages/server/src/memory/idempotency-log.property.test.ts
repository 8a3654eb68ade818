import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { it } from "vitest";
import type { Work, WorkState } from "../backplane.ts";
import { IdempotencyLog } from "./idempotency-log.ts";

const [KEPT_MS, KEPT_SENDS, KEPT_BYTES, LARGEST] = [300_000, 32, 256 * 1024, 16 * 1024];

interface Entry {
  readonly key: number | string;
  readonly digest: number;
  result: string | undefined;
  /** Ended without a result: it runs again, and may have run. */
  isUnknown: boolean;
  isRunning: boolean;
}

interface ClientRecord {
  last: number;
  entries: Entry[];
  usedAt: number;
}

/** The memory backplane's guarantees for repetitions, in a plain list. */
class Model {
  readonly #records = new Map<string, ClientRecord>();

  begin({ ref, key, digest }: Work, now: number): WorkState {
    const name = JSON.stringify(ref);
    const record = this.#records.get(name) ?? { last: 0, entries: [], usedAt: now };
    this.#records.set(name, record);
    record.usedAt = now;
    const known = record.entries.find((entry) => entry.key === key);
    if (known !== undefined && known.digest !== digest) return { state: "conflict" };
    if (known?.result !== undefined) return { state: "done", result: known.result };
    if (known?.isRunning === true) return { state: "running" };
    if (known !== undefined) {
      known.isRunning = true;
      return { state: "run", mayHaveRun: true };
    }
    if (typeof key === "number") {
      if (record.last !== 0 && key !== record.last + 1) return { state: "conflict" };
      record.last = key;
    }
    record.entries.push({ key, digest, result: undefined, isUnknown: false, isRunning: true });
    this.#forgetOld(record);
    return { state: "run" };
  }

  isRunning({ ref, key }: Work): boolean {
    const entry = this.#records.get(JSON.stringify(ref))?.entries.find((each) => each.key === key);
    return entry?.isRunning === true;
  }

  settle({ ref, key, hasNoEffect }: Work, result: string | undefined): void {
    const record = this.#records.get(JSON.stringify(ref));
    const entry = record?.entries.find((each) => each.key === key);
    if (record === undefined || entry === undefined) return;
    const isTooLarge = typeof key === "string" && (result?.length ?? 0) > LARGEST;
    entry.isRunning = false;
    entry.result = isTooLarge ? undefined : result;
    entry.isUnknown = entry.result === undefined && (entry.isUnknown || hasNoEffect !== true);
    // What ended last is given up last.
    record.entries.splice(record.entries.indexOf(entry), 1);
    if (entry.result !== undefined || entry.isUnknown) record.entries.push(entry);
    else if (key === record.last) record.last--;
    this.#forgetOld(record);
  }

  sweep(now: number): void {
    for (const [name, { usedAt }] of this.#records) if (now - usedAt > KEPT_MS) this.#records.delete(name);
  }

  #forgetOld(record: ClientRecord): void {
    record.entries = record.entries.filter(
      ({ key }) => typeof key === "string" || key > record.last - KEPT_SENDS,
    );
    const answered = record.entries.filter(
      ({ key, result }) => typeof key === "string" && result !== undefined,
    );
    let bytes = answered.reduce((sum, { result = "" }) => sum + result.length, 0);
    for (const oldest of answered) {
      if (bytes <= KEPT_BYTES) break;
      record.entries.splice(record.entries.indexOf(oldest), 1);
      bytes -= oldest.result?.length ?? 0;
    }
  }
}

const ref = fc.constantFrom(
  { user: "ada", client: "c" },
  { user: "ada", client: "d" },
  { user: "eve", client: "c" },
);
const digest = fc.constantFrom(1, 1, 1, 2);
const step = fc.oneof(
  // A row of sends, each settled or left running.
  fc.record({
    do: fc.constant("row" as const),
    ref,
    count: fc.constantFrom(1, 1, 2, 31, 34),
    isSettled: fc.boolean(),
  }),
  fc.record({ do: fc.constant("send" as const), ref, digest, ahead: fc.integer({ min: -35, max: 2 }) }),
  fc.record({ do: fc.constant("request" as const), ref, digest, id: fc.nat(20) }),
  fc.record({
    do: fc.constant("settle" as const),
    which: fc.nat(40),
    size: fc.constantFrom(undefined, 1, LARGEST, LARGEST + 1),
    hasNoEffect: fc.boolean(),
  }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 200_000, KEPT_MS, KEPT_MS + 1) }),
);

type Step = typeof step extends fc.Arbitrary<infer TStep> ? TStep : never;

/** A log and its model, and the operations that run in both. */
class Trial {
  readonly #log = new IdempotencyLog();
  readonly #model = new Model();
  readonly #last = new Map<string, number>();
  #running: Work[] = [];
  #now = 0;

  constructor(usesResultCache: boolean) {
    this.#log.usesResultCache = usesResultCache;
  }

  take(next: Step): void {
    if (next.do === "row") {
      for (let n = 0; n < next.count; n++) {
        const work = { ref: next.ref, key: this.#lastOf(next) + 1, digest: 1 };
        if (this.#begin(work) && next.isSettled) this.#settle(work, "x");
      }
    } else if (next.do === "send") {
      const key = Math.max(1, this.#lastOf(next) + next.ahead);
      this.#begin({ ref: next.ref, key, digest: next.digest });
    } else if (next.do === "request")
      this.#begin({ ref: next.ref, key: `r${String(next.id)}`, digest: next.digest });
    else if (next.do === "settle") {
      const work = this.#running[next.which % Math.max(1, this.#running.length)];
      const result = next.size === undefined ? undefined : "x".repeat(next.size);
      if (work !== undefined) this.#settle(work, result, result === undefined && next.hasNoEffect);
    } else {
      this.#now += next.ms;
      this.#log.sweep(this.#now);
      this.#model.sweep(this.#now);
    }
  }

  #lastOf({ ref: { user, client } }: { readonly ref: Work["ref"] }): number {
    return this.#last.get(`${user} ${client}`) ?? 0;
  }

  /** @returns whether the operation must run */
  #begin(work: Work): boolean {
    const state = this.#log.begin(work, this.#now);
    deepEqual(state, this.#model.begin(work, this.#now));
    if (state.state !== "run") return false;
    // An operation that was forgotten while it ran runs again: its first run no longer counts here.
    const isOther = ({ ref, key }: Work): boolean => ref !== work.ref || key !== work.key;
    this.#running = [...this.#running.filter(isOther), work];
    const name = `${work.ref.user} ${work.ref.client}`;
    if (typeof work.key === "number") this.#last.set(name, Math.max(this.#last.get(name) ?? 0, work.key));
    return true;
  }

  #settle(work: Work, result: string | undefined, hasNoEffect = false): void {
    this.#running = this.#running.filter((each) => each !== work);
    // The result of an operation that was forgotten while it ran is not stored.
    if (!this.#model.isRunning(work)) return;
    this.#log.settle({ ...work, hasNoEffect }, result);
    this.#model.settle({ ...work, hasNoEffect }, result);
  }
}

/** A shrunk failure: the window must end after 32 sends. */
const ADA = { user: "ada", client: "d" } as const;
const EXAMPLES: [Step[]][] = [
  [
    [
      { do: "row", ref: ADA, count: 34, isSettled: false },
      { do: "send", ref: ADA, digest: 1, ahead: -32 },
    ],
  ],
];

it.each([
  ["the result cache", true],
  ["result maps", false],
])(
  "IdempotencyLog with %s answers repeated operations as its model does, whatever came before",
  (_, usesResultCache) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const trial = new Trial(usesResultCache);
        for (const next of steps) trial.take(next);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 10_000), examples: EXAMPLES },
    );
  },
  60_000,
);

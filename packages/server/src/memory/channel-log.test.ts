import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../backplane.ts";
import type { ReadLimit } from "./channel-log.ts";
import { ChannelLog } from "./channel-log.ts";
import { HistoryBudget } from "./history-budget.ts";

const createLog = (start: number): ChannelLog =>
  new ChannelLog("all", start, { budget: new HistoryBudget(), keys: { keep: () => {} } });
const retention = { messages: 1_000, bytes: 1_000, ms: 1_000 };

function filled(count: number, limits: Partial<typeof retention> = {}): ChannelLog {
  const log = createLog(0);
  for (let offset = 1; offset <= count; offset++) {
    log.append(offset, "x", {
      at: offset,
      retention: { ...retention, ...limits },
      key: `k${String(offset)}`,
      author: undefined,
    });
  }
  return log;
}

const atMost = (limit: number): ReadLimit => ({ limit, bytes: Infinity });
const offsets = (entries: readonly LogEntry[]): number[] => entries.map(({ offset }) => offset);

describe("ChannelLog", () => {
  it("stores with each message the offset of the one before, from the start of the channel on", () => {
    const log = createLog(41);
    log.append(50, "a", { at: 0, retention, key: undefined, author: undefined });
    log.append(77, "b", { at: 0, retention, key: undefined, author: undefined });
    expect(log.after(41, atMost(10))).toMatchObject([
      { offset: 50, prev: 41, data: "a" },
      { offset: 77, prev: 50, data: "b" },
    ]);
    expect(log.top).toBe(77);
  });

  it("returns as many messages after a position as are requested", () => {
    const log = filled(10);
    expect(offsets(log.after(7, atMost(100)))).toEqual([8, 9, 10]);
    expect(offsets(log.after(0, atMost(3)))).toEqual([1, 2, 3]);
    expect(log.after(10, atMost(100))).toEqual([]);
  });

  it.each([
    ["messages", { messages: 3 }],
    ["bytes", { bytes: 3 }],
    ["milliseconds", { ms: 3 }],
  ])("keeps no more than the configured number of %s", (_, limits) => {
    const log = filled(10, limits);
    expect(offsets(log.after(0, atMost(100)))).toEqual([8, 9, 10]);
  });

  it("drops the oldest messages as they expire, and keeps its top offset", () => {
    const log = filled(10);
    expect(log.trim(1_008)).toBe(true);
    expect(offsets(log.after(0, atMost(100)))).toEqual([9, 10]);
    expect(log.trim(1_010)).toBe(false);
    expect(log.after(0, atMost(100))).toEqual([]);
    expect(log.top).toBe(10);
  });

  it("stores only the offset of a message that is larger than the whole log", () => {
    const log = createLog(0);
    log.append(1, "x".repeat(1_001), { at: 0, retention, key: "k", author: undefined });
    expect(log.after(0, atMost(10))).toEqual([]);
    expect(log.top).toBe(1);
    expect(log.offsetOf("k")).toBeUndefined();
  });

  it("finds the offset of a key for as long as it keeps the message", () => {
    const log = filled(10, { messages: 3 });
    expect(log.offsetOf("k8")).toBe(8);
    expect(log.offsetOf("k7")).toBeUndefined();
  });
});

interface StoredEntry extends LogEntry {
  readonly at: number;
  readonly key: string;
}

/** A list with the same guarantees. */
class NaiveLog {
  entries: StoredEntry[] = [];

  trim(now: number, limits: typeof retention): void {
    const bytes = (): number => this.entries.reduce((sum, { data }) => sum + data.length, 0);
    while (
      this.entries.length > limits.messages ||
      bytes() > limits.bytes ||
      this.entries.some(({ at }) => now - at >= limits.ms)
    )
      this.entries.shift();
  }

  after(offset: number, limit: number): LogEntry[] {
    return this.entries.filter((entry) => entry.offset > offset).slice(0, limit);
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant("append" as const), size: fc.nat(12), leap: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.nat(40) }),
  fc.record({ do: fc.constant("read" as const), back: fc.nat(12), limit: fc.integer({ min: 1, max: 8 }) }),
);
const bounds = fc.record({
  messages: fc.integer({ min: 1, max: 50 }),
  bytes: fc.integer({ min: 1, max: 60 }),
  ms: fc.integer({ min: 1, max: 100 }),
});

type Step = typeof step extends fc.Arbitrary<infer TStep> ? TStep : never;

/** A shrunk failure: a message expires exactly at the end of its retention time. */
const EXAMPLES: [typeof retention, Step[]][] = [
  [
    { messages: 1, bytes: 1, ms: 25 },
    [
      { do: "append", size: 0, leap: 1 },
      { do: "wait", ms: 25 },
    ],
  ],
];

describe("ChannelLog under random operations", () => {
  it("returns the same entries as a plain list", () => {
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 120 }), (limits, steps) => {
        const [log, naive] = [createLog(0), new NaiveLog()];
        let now = 0;
        for (const next of steps) {
          if (next.do === "append") {
            const [offset, data] = [log.top + next.leap, "x".repeat(next.size)];
            const key = `k${String(offset)}`;
            naive.entries.push({ offset, prev: log.top, data, at: now, key });
            naive.trim(now, limits);
            log.append(offset, data, { at: now, retention: limits, key, author: undefined });
          } else if (next.do === "wait") {
            now += next.ms;
            naive.trim(now, limits);
            expect(log.trim(now)).toBe(naive.entries.length > 0);
          } else {
            const from = log.top - next.back;
            const read = log
              .after(from, atMost(next.limit))
              .map(({ offset, prev, data }) => ({ offset, prev, data }));
            const expected = naive
              .after(from, next.limit)
              .map(({ offset, prev, data }) => ({ offset, prev, data }));
            expect(read).toEqual(expected);
          }
          for (const { key, offset } of naive.entries) expect(log.offsetOf(key)).toBe(offset);
        }
      }),
      { numRuns: 10_000, examples: EXAMPLES },
    );
  }, 60_000);
});

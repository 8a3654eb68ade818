import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import type { ReadPage, ReadResult } from "../backplane.ts";
import { resolvedPromise } from "../utils/maybe-promise.ts";
import { SharedReads } from "./shared-reads.ts";

const PAGE: ReadPage = { after: 3, limit: 10 };
const EMPTY: ReadResult = { epoch: "e", top: 3, entries: [] };

let clock: FakeClock;
interface PendingRead {
  readonly resolve: (result: ReadResult) => void;
  readonly reject: (error: unknown) => void;
}

let pending: PendingRead[];
let reads: SharedReads;

beforeEach(() => {
  clock = new FakeClock();
  pending = [];
  const read = (): Promise<ReadResult> => new Promise((resolve, reject) => pending.push({ resolve, reject }));
  reads = new SharedReads({ read }, clock);
});

describe("equal reads", () => {
  it("are one while it is under way, and for 250 ms after it", async () => {
    const first = reads.read("all", PAGE, 3);
    expect(reads.read("all", PAGE, 3)).toBe(first);
    pending[0]?.resolve(EMPTY);
    await clock.advance(249);
    expect(reads.read("all", PAGE, 3)).toBe(first);
    await clock.advance(1);
    expect(reads.read("all", PAGE, 3)).not.toBe(first);
    expect(pending).toHaveLength(2);
  });

  it("are two when the channel has moved meanwhile, or the page is another", () => {
    const first = reads.read("all", PAGE, 3);
    expect(reads.read("all", PAGE, 4)).not.toBe(first);
    expect(reads.read("all", { ...PAGE, after: 2 }, 4)).not.toBe(first);
    expect(reads.read("room:a", PAGE, 4)).not.toBe(first);
  });

  it("are not shared after a failure", async () => {
    const first = reads.read("all", PAGE, 3);
    pending[0]?.reject(new Error("away"));
    await expect(first).rejects.toThrow("away");
    expect(reads.read("all", PAGE, 3)).not.toBe(first);
  });

  it("of a backplane that answers in the same turn are passed on, and leave no timer", async () => {
    const here = new SharedReads({ read: () => resolvedPromise(EMPTY) }, clock);
    await expect(here.read("all", PAGE, 3)).resolves.toBe(EMPTY);
    expect(clock.timers).toBe(0);
  });
});

it("a node that stops leaves no timer of its reads", async () => {
  void reads.read("all", PAGE, 3);
  pending[0]?.resolve(EMPTY);
  await clock.settle();
  expect(clock.timers).toBe(1);
  reads.stop();
  expect(clock.timers).toBe(0);
});

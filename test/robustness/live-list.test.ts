// 500 messages a second in a list of 1,000 by `useMessages`, in Chromium. `live-list-trace.test.ts` measures what they cost.
import { afterAll, beforeAll, expect, it } from "vitest";
import { LiveList } from "../support/live-list.ts";

const RATE = 500;
const SECONDS = 3;
const LIMIT = 1_000;
const FRAME_MS = 16;
/** The first list, and the connection. */
const OTHER_RENDERS = 5;

let list: LiveList;
beforeAll(async () => {
  list = await LiveList.open();
});
afterAll(() => list.close());

it("a list of 1,000 takes 500 messages a second: none is lost, and it renders at most once in 16 ms", async () => {
  const before = await list.counts();
  const startedAt = performance.now();
  await list.publish(RATE, SECONDS);
  const tookMs = performance.now() - startedAt;
  const { renders, numbers } = await list.counts();
  const all = Array.from({ length: RATE * SECONDS }, (_, index) => index + 1);
  expect(numbers).toEqual(all);
  expect(await list.texts()).toEqual(
    all.slice(-LIMIT).map((number) => `Line ${String(number)} of this list.`),
  );
  expect(renders - before.renders).toBeGreaterThan(1);
  expect(renders - before.renders).toBeLessThanOrEqual(tookMs / FRAME_MS + OTHER_RENDERS);
});

import { expect, test } from "vitest";
import { FrameLog } from "./frame-log.ts";

const frame = (type: string, fields: object = {}) => JSON.stringify({ type, ...fields });

test("of a row of presence frames the newest of each kind is kept, with their number", () => {
  const log = new FrameLog(() => 0);
  log.onFrame("received", frame("line", { number: 1 }));
  for (let x = 1; x <= 3; x++) {
    log.onFrame("sent", frame("presence_update", { x }));
    log.onFrame("received", frame("user_joined", { x }));
  }
  log.onFrame("received", frame("line", { number: 2 }));
  log.onFrame("sent", frame("presence_update", { x: 4 }));
  expect(log.frames.get().map(({ direction, text, count }) => [direction, text, count])).toEqual([
    ["received", frame("line", { number: 1 }), 1],
    ["sent", frame("presence_update", { x: 3 }), 3],
    ["received", frame("user_joined", { x: 3 }), 3],
    ["received", frame("line", { number: 2 }), 1],
    ["sent", frame("presence_update", { x: 4 }), 1],
  ]);
});

test("the newest forty frames are kept, and an answer gives the round trip", () => {
  let now = 0;
  const log = new FrameLog(() => now);
  for (let seq = 1; seq <= 50; seq++) log.onFrame("sent", frame("line", { $: { seq } }));
  now = 12;
  log.onFrame("received", frame("reply", { $: { re: 50 } }));
  expect(log.frames.get()).toHaveLength(40);
  expect(log.figures.get().roundTripMs).toBe(12);
});

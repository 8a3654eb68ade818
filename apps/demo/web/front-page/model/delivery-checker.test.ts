import { expect, test } from "vitest";
import type { Guest } from "../../../shared/visit.ts";
import { DeliveryChecker } from "./delivery-checker.ts";

/** A checker, and a network between the two guests that delivers each line to both but for what `spoil` changes. */
function talk(lines: readonly Guest[], spoil: (reader: Guest, number: number) => number = () => 1) {
  const checker = new DeliveryChecker();
  const numbers = { you: 0, companion: 0 };
  for (const writer of lines) {
    const number = ++numbers[writer];
    checker.onWritten(writer, number);
    for (const reader of ["you", "companion"] as const)
      for (let copy = 0; copy < spoil(reader, number); copy++)
        checker.onArrived(reader, writer, { number, how: "live" });
  }
  return checker;
}

test("counts every line twice as delivered, once for each pane, and nothing as lost or doubled", () => {
  const checker = talk(["you", "companion", "you"]);
  expect(checker.score()).toEqual({ written: 3, arrived: 6, lost: 0, doubled: 0 });
  expect(checker.progress()).toEqual({ you: 2, companion: 1 });
  expect(checker.hasEverything(checker.progress())).toBe(true);
});

test("finds a planted loss as soon as a later line of the same guest has arrived", () => {
  const checker = talk(["you", "you", "you"], (reader, number) =>
    reader === "companion" && number === 2 ? 0 : 1,
  );
  expect(checker.score()).toMatchObject({ lost: 1, doubled: 0 });
  expect(checker.hasEverything(checker.progress())).toBe(false);
  expect(checker.countDeliveredOnce("you", [1, 2, 3])).toBe(2);
});

test("finds a planted duplicate", () => {
  const checker = talk(["companion", "companion"], (reader, number) =>
    reader === "you" && number === 1 ? 2 : 1,
  );
  expect(checker.score()).toMatchObject({ lost: 0, doubled: 1 });
  expect(checker.countDeliveredOnce("companion", [1, 2])).toBe(1);
});

test("does not call a line lost that is still under way, until it is given up", () => {
  const checker = talk(["you"], (reader) => (reader === "companion" ? 0 : 1));
  expect(checker.score().lost).toBe(0);
  expect(checker.hasEverything({ you: 1, companion: 0 })).toBe(false);
  checker.giveUp({ you: 1, companion: 0 });
  expect(checker.score().lost).toBe(1);
  checker.onArrived("companion", "you", { number: 1, how: "replayed" });
  expect(checker.score().lost).toBe(0);
});

test("takes a line that is loaded and delivered as one, and a line that is replayed after it was delivered as doubled", () => {
  const checker = talk(["you"], () => 0);
  expect(checker.onArrived("companion", "you", { number: 1, how: "loaded" })).toBe(true);
  expect(checker.onArrived("companion", "you", { number: 1, how: "live" })).toBe(false);
  expect(checker.score().doubled).toBe(0);
  checker.onArrived("companion", "you", { number: 1, how: "replayed" });
  expect(checker.score().doubled).toBe(1);
});

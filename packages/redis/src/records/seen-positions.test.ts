import { expect, it } from "vitest";
import { SeenPositions } from "./seen-positions.ts";

/** Each channel with where it was seen. */
function listOf(seen: SeenPositions): string[] {
  return [...seen].map(([channel, { epoch, off }]) => `${channel} ${epoch} ${String(off)}`);
}

it("the newest position of each channel is known, and none before it [I4]", () => {
  const seen = new SeenPositions();
  seen.note("a", "e", 2);
  seen.note("a", "e", 1);
  seen.note("b", "e", 1);
  expect(listOf(seen)).toEqual(["b e 1", "a e 2"]);
  seen.note("a", "f", 1);
  expect(listOf(seen)).toEqual(["b e 1", "a f 1"]);
});

it("of many channels those are known that were seen last [I4]", () => {
  const seen = new SeenPositions(3);
  for (const channel of ["a", "b", "c", "d"]) seen.note(channel, "e", 5);
  // An older position of a channel that was seen before does not count, in either half.
  seen.note("a", "e", 4);
  expect(listOf(seen)).toEqual(["a e 5", "d e 5", "c e 5", "b e 5"]);
  seen.note("x", "e", 1);
  expect(listOf(seen)).toEqual(["x e 1", "a e 5", "d e 5"]);
});

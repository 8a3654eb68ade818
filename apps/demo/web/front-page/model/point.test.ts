import { expect, test } from "vitest";
import { moveByKey, moveTowards, pointOf, strollAt } from "./point.ts";

test("a place lies within the canvas, to a thousandth", () => {
  expect(pointOf(-0.2, 1.7)).toEqual({ x: 0, y: 1 });
  expect(pointOf(0.12345, 0.5)).toEqual({ x: 0.123, y: 0.5 });
});

test("the arrow keys move a cursor, with Shift four times as far, and no other key does", () => {
  const middle = { x: 0.5, y: 0.5 };
  expect(moveByKey(middle, "ArrowLeft", false)).toEqual({ x: 0.46, y: 0.5 });
  expect(moveByKey(middle, "ArrowRight", true)).toEqual({ x: 0.66, y: 0.5 });
  expect(moveByKey(middle, "ArrowUp", false)).toEqual({ x: 0.5, y: 0.46 });
  expect(moveByKey(middle, "ArrowDown", true)).toEqual({ x: 0.5, y: 0.66 });
  expect(moveByKey(middle, "Enter", false)).toBeUndefined();
  expect(moveByKey({ x: 0.01, y: 0 }, "ArrowLeft", false)).toEqual({ x: 0, y: 0 });
});

test("the companion comes nearer to a target with each step, and strolls within the canvas", () => {
  expect(moveTowards({ x: 0, y: 1 }, { x: 1, y: 0 }, 0.2)).toEqual({ x: 0.2, y: 0.8 });
  for (let seconds = 0; seconds < 60; seconds++) {
    const { x, y } = strollAt(seconds);
    expect(x).toBeGreaterThan(0.1);
    expect(x).toBeLessThan(0.9);
    expect(y).toBeGreaterThan(0.1);
    expect(y).toBeLessThan(0.9);
  }
});

import { expect, it } from "vitest";
import { unwrapResolved, resolvedPromise } from "./maybe-promise.ts";

it("unwrapResolved returns the value of a resolvedPromise, and leaves any other promise as it is", () => {
  const later = Promise.resolve(2);
  expect([
    unwrapResolved(2),
    unwrapResolved(resolvedPromise(2)),
    unwrapResolved(resolvedPromise(undefined)),
    unwrapResolved(later),
  ]).toEqual([2, 2, undefined, later]);
});

it("resolvedPromise behaves like any other promise when it is awaited", async () => {
  const two = resolvedPromise(2);
  const fail = (): never => {
    throw new Error("no");
  };
  expect(await two).toBe(2);
  expect(await two.then((value) => value * 2)).toBe(4);
  // What is made of it is not known: it may have failed.
  const failing = two.then(fail);
  expect(unwrapResolved(failing)).toBe(failing);
  await expect(failing).rejects.toThrow("no");
});

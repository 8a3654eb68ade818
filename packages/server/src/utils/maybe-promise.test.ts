import { expect, it } from "vitest";
import { unwrapResolved, resolvedPromise } from "./maybe-promise.ts";

it("finds what is known already, and leaves what is not as it is", () => {
  const later = Promise.resolve(2);
  expect([
    unwrapResolved(2),
    unwrapResolved(resolvedPromise(2)),
    unwrapResolved(resolvedPromise(undefined)),
    unwrapResolved(later),
  ]).toEqual([2, 2, undefined, later]);
});

it("is a promise like any other for whoever waits", async () => {
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

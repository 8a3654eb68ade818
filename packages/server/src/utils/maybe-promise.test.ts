import { expect, it } from "vitest";
import { andThen, recover, resolvedPromise, unwrapResolved, whenAll } from "./maybe-promise.ts";

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

it("andThen continues with a value in the same turn, and with a promise when it resolves", async () => {
  expect(andThen(1, (value) => value + 1)).toBe(2);
  await expect(andThen(Promise.resolve(1), (value) => value + 1)).resolves.toBe(2);
});

it("whenAll gives all values in the same turn, unless one of them is a promise", async () => {
  expect(whenAll([1, 2])).toEqual([1, 2]);
  await expect(whenAll([1, Promise.resolve(2)])).resolves.toEqual([1, 2]);
});

it("recover turns an error into a value, whether the task throws or rejects", async () => {
  const toValue = (error: unknown): string => (error as Error).message;
  const fail = (): string => {
    throw new Error("thrown");
  };
  expect(recover(() => "value", toValue)).toBe("value");
  expect(recover(fail, toValue)).toBe("thrown");
  await expect(recover(() => Promise.reject<string>(new Error("rejected")), toValue)).resolves.toBe(
    "rejected",
  );
});

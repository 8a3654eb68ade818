import { describe, expect, it } from "vitest";
import { after, all, attempt, known, promised } from "./eventual.js";

const double = (value: number): number => 2 * value;
const fail = (): never => {
  throw new Error("no");
};

describe("after", () => {
  it("goes on at once with a value, and with a promise of what is known", () => {
    expect([after(2, double), after(known(2), double)]).toEqual([4, 4]);
    expect(after(known(undefined), (value) => value)).toBeUndefined();
  });

  it("waits for a promise", async () => {
    const doubled = after(Promise.resolve(2), double);
    expect(doubled).toBeInstanceOf(Promise);
    expect(await doubled).toBe(4);
  });

  it("throws at once what is thrown at once", async () => {
    expect(() => after(known(2), fail)).toThrow("no");
    await expect(after(Promise.resolve(2), fail)).rejects.toThrow("no");
  });
});

describe("a promise of what is known", () => {
  it("is a promise like any other", async () => {
    const two = known(2);
    expect(await two).toBe(2);
    expect(await two.then(double)).toBe(4);
    // What is made of it is not known: it may have failed.
    await expect(after(two.then(fail), double)).rejects.toThrow("no");
  });
});

describe("attempt", () => {
  it("hears of an error that is thrown and of one that comes later", async () => {
    const say = (error: unknown): string => String(error);
    expect(attempt(() => "yes", say)).toBe("yes");
    expect(attempt(fail, say)).toBe("Error: no");
    expect(await attempt(() => Promise.resolve().then(fail), say)).toBe("Error: no");
  });
});

describe("all", () => {
  it("is at once what is here, and waits for what is not", async () => {
    expect(all([1, 2])).toEqual([1, 2]);
    expect(await all([1, Promise.resolve(2)])).toEqual([1, 2]);
  });
});

describe("promised", () => {
  it("makes a rejection of what is thrown", async () => {
    expect(await promised(() => 1)).toBe(1);
    await expect(promised(fail)).rejects.toThrow("no");
  });
});

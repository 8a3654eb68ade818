import { describe, expect, it } from "vitest";
import { KeyedSerialQueue } from "./keyed-serial-queue.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("joins and leaves", () => {
  it("of one room happen in their order, and of several beside each other", async () => {
    const moves = new KeyedSerialQueue();
    const done: string[] = [];
    let open = (): void => undefined;
    const slow = new Promise<void>((resolve) => (open = resolve)).then(() => void done.push("join a"));
    const now = (name: string) => (): Promise<void> => Promise.resolve(void done.push(name));
    void moves.run("a", () => slow);
    void moves.run("a", now("leave a"));
    void moves.run("b", now("join b"));
    await settled();
    expect(done).toEqual(["join b"]);
    open();
    await settled();
    expect(done).toEqual(["join b", "join a", "leave a"]);
    expect(moves.size).toBe(0);
  });

  it("are bounded: too many that wait are refused", async () => {
    const moves = new KeyedSerialQueue();
    let open = (): void => undefined;
    const slow = new Promise<void>((resolve) => (open = resolve));
    const first = Array.from({ length: 1_024 }, (_, n) => moves.run(n % 2 === 0 ? "a" : "b", () => slow));
    await expect(moves.run("c", () => slow)).rejects.toMatchObject({ code: "limit_exceeded" });
    open();
    await Promise.all(first);
    await moves.run("c", () => slow);
  });

  it("that fail hold up nothing, and are told to who asked", async () => {
    const moves = new KeyedSerialQueue();
    const failing = moves.run("a", () => Promise.reject(new Error("no")));
    const after = moves.run("a", () => Promise.resolve());
    await expect(failing).rejects.toThrow("no");
    await after;
    expect(moves.size).toBe(0);
  });
});

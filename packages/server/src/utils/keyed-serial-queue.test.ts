import { describe, expect, it } from "vitest";
import { KeyedSerialQueue } from "./keyed-serial-queue.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("KeyedSerialQueue", () => {
  it("runs operations on one room in order, and operations on different rooms at the same time", async () => {
    const queue = new KeyedSerialQueue();
    const done: string[] = [];
    let open = (): void => undefined;
    const slow = new Promise<void>((resolve) => (open = resolve)).then(() => void done.push("join a"));
    const now = (name: string) => (): Promise<void> => Promise.resolve(void done.push(name));
    void queue.run("a", () => slow);
    void queue.run("a", now("leave a"));
    void queue.run("b", now("join b"));
    await settled();
    expect(done).toEqual(["join b"]);
    open();
    await settled();
    expect(done).toEqual(["join b", "join a", "leave a"]);
    expect(queue.size).toBe(0);
  });

  it("rejects an operation with limit_exceeded while 1,024 others are pending", async () => {
    const queue = new KeyedSerialQueue();
    let open = (): void => undefined;
    const slow = new Promise<void>((resolve) => (open = resolve));
    const first = Array.from({ length: 1_024 }, (_, n) => queue.run(n % 2 === 0 ? "a" : "b", () => slow));
    await expect(queue.run("c", () => slow)).rejects.toMatchObject({ code: "limit_exceeded" });
    open();
    await Promise.all(first);
    await queue.run("c", () => slow);
  });

  it("rejects a failed operation to its caller, and runs the next one", async () => {
    const queue = new KeyedSerialQueue();
    const failing = queue.run("a", () => Promise.reject(new Error("no")));
    const after = queue.run("a", () => Promise.resolve());
    await expect(failing).rejects.toThrow("no");
    await after;
    expect(queue.size).toBe(0);
  });
});

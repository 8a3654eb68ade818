import { describe, expect, it, vi } from "vitest";
import { Emitter } from "./emitter.ts";

interface Events {
  said: [word: string];
}

describe("Emitter", () => {
  it("calls everybody in order, and reports what one throws", () => {
    const report = vi.fn();
    const emitter = new Emitter<Events>(report);
    const heard: string[] = [];
    emitter.on("said", (word) => heard.push(`1 ${word}`));
    emitter.on("said", () => {
      throw new Error("mine");
    });
    emitter.on("said", (word) => heard.push(`3 ${word}`));
    expect(emitter.emit("said", "hi")).toEqual([1, 2]);
    expect(heard).toEqual(["1 hi", "3 hi"]);
    expect(report).toHaveBeenCalledExactlyOnceWith(new Error("mine"));
  });

  it("counts a function that is added twice as two", () => {
    const emitter = new Emitter<Events>(vi.fn());
    const listener = vi.fn();
    const first = emitter.on("said", listener);
    emitter.on("said", listener);
    emitter.emit("said", "hi");
    first();
    first();
    emitter.emit("said", "hi");
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it("does not call who was removed meanwhile, nor who was added meanwhile", () => {
    const emitter = new Emitter<Events>(vi.fn());
    const late = vi.fn();
    const removed = vi.fn();
    emitter.on("said", () => {
      stop();
      emitter.on("said", late);
    });
    const stop = emitter.on("said", removed);
    emitter.emit("said", "hi");
    expect(removed).not.toHaveBeenCalled();
    expect(late).not.toHaveBeenCalled();
  });
});

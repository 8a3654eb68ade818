import { describe, expect, it, vi } from "vitest";
import { Emitter } from "./emitter.ts";

interface Events {
  spoken: [word: string];
}

describe("Emitter", () => {
  it("calls the listeners in order, and reports what a listener throws", () => {
    const report = vi.fn();
    const emitter = new Emitter<Events>(report);
    const received: string[] = [];
    emitter.on("spoken", (word) => received.push(`1 ${word}`));
    emitter.on("spoken", () => {
      throw new Error("mine");
    });
    emitter.on("spoken", (word) => received.push(`3 ${word}`));
    expect(emitter.emit("spoken", "hi")).toEqual([1, 2]);
    expect(received).toEqual(["1 hi", "3 hi"]);
    expect(report).toHaveBeenCalledExactlyOnceWith(new Error("mine"));
  });

  it("reports what a listener rejects with", async () => {
    const report = vi.fn();
    const emitter = new Emitter<Events>(report);
    emitter.on("spoken", () => Promise.reject(new Error("mine")));
    await Promise.allSettled(emitter.emit("spoken", "hi"));
    expect(report).toHaveBeenCalledExactlyOnceWith(new Error("mine"));
  });

  it("calls a function twice that is subscribed twice, and unsubscribes it one by one", () => {
    const emitter = new Emitter<Events>(vi.fn());
    const listener = vi.fn();
    const first = emitter.on("spoken", listener);
    emitter.on("spoken", listener);
    emitter.emit("spoken", "hi");
    first();
    first();
    emitter.emit("spoken", "hi");
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it("does not call a listener that was removed or added during the emit", () => {
    const emitter = new Emitter<Events>(vi.fn());
    const late = vi.fn();
    const removed = vi.fn();
    emitter.on("spoken", () => {
      stop();
      emitter.on("spoken", late);
    });
    const stop = emitter.on("spoken", removed);
    emitter.emit("spoken", "hi");
    expect(removed).not.toHaveBeenCalled();
    expect(late).not.toHaveBeenCalled();
  });
});

import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { EventLoopMonitor } from "./event-loop-monitor.ts";

let clock: FakeClock;
let monitor: EventLoopMonitor;
const warn = vi.fn();

beforeEach(() => {
  warn.mockClear();
  clock = new FakeClock();
  monitor = new EventLoopMonitor(clock, { debug: vi.fn(), info: vi.fn(), error: vi.fn(), warn });
  monitor.start();
});

describe("the event loop monitor", () => {
  it("reports no lag while every timer runs in time", async () => {
    await clock.advance(1_000);
    expect(monitor.lagMs).toBe(0);
    expect(monitor.lag).toEqual({ p50: 0, p99: 0, max: 0 });
  });

  it("reports the lag of a timer that is overdue, and of the one that has just run", async () => {
    await clock.advance(1_000);
    clock.jump(1_500);
    expect(monitor.lagMs).toBe(1_400);
    await clock.advance(0);
    expect(monitor.lagMs).toBe(1_400);
    await clock.advance(100);
    expect(monitor.lagMs).toBe(0);
  });

  it("keeps the samples of ten seconds", async () => {
    await clock.advance(1_000);
    await clock.stall(400);
    expect(monitor.lag).toEqual({ p50: 0, p99: 300, max: 300 });
    await clock.advance(10_100);
    expect(monitor.lag.max).toBe(0);
  });

  it("logs the first stall at once, and the number of stalls once a minute", async () => {
    await clock.advance(1_000);
    for (let stall = 0; stall < 3; stall++) {
      await clock.stall(800);
      await clock.advance(1_000);
    }
    expect(warn).toHaveBeenCalledOnce();
    expect(warn).toHaveBeenCalledWith({ lagMs: 700, stalls: 1 }, expect.stringContaining("700 ms"));
    await clock.advance(60_000);
    await clock.stall(1_000);
    expect(warn).toHaveBeenLastCalledWith({ lagMs: 900, stalls: 3 }, expect.stringContaining("900 ms"));
  });

  it("does not count what an application does in the turn in which it starts", async () => {
    await clock.stall(5_000);
    await clock.advance(1_000);
    expect(monitor.lag.max).toBe(0);
    expect(warn).not.toHaveBeenCalled();
  });

  it("leaves no timer when it stops", () => {
    monitor.stop();
    expect(clock.timers).toBe(0);
  });
});

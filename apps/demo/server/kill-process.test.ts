import { afterEach, expect, test, vi } from "vitest";
import { createKill } from "./kill-process.ts";

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  { uptimeMs: 1_200, waitsMs: 1_800 },
  { uptimeMs: 60_000, waitsMs: 0 },
])("a server that is up for $uptimeMs ms dies $waitsMs ms after the button", ({ uptimeMs, waitsMs }) => {
  vi.useFakeTimers();
  const kill = vi.fn();
  createKill({ uptimeMs: () => uptimeMs, kill })();
  if (waitsMs > 0) vi.advanceTimersByTime(waitsMs - 1);
  expect(kill).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(kill).toHaveBeenCalledTimes(1);
});

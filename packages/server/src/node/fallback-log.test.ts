import { expect, it, vi } from "vitest";
import { createFallbackLog } from "./fallback-log.ts";

function createLogger() {
  const noop = (): void => undefined;
  return { debug: noop, info: noop, warn: vi.fn(), error: noop };
}

it("warns once of each optimization that falls back on Node", () => {
  const logger = createLogger();
  const log = createFallbackLog(logger, true);
  for (let n = 0; n < 3; n++) log("raw socket write");
  log("fast text reader");
  expect(logger.warn.mock.calls.map(([, line]) => String(line).split(":")[0])).toEqual([
    "the raw socket write does not fit this version of Node or ws",
    "the fast text reader does not fit this version of Node or ws",
  ]);
});

it("warns of nothing on a runtime that imitates Node", () => {
  const logger = createLogger();
  createFallbackLog(logger, false)("raw socket write");
  expect(logger.warn).not.toHaveBeenCalled();
});

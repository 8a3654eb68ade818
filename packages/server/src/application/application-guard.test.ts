import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it, vi } from "vitest";
import type { Logger } from "../logger.ts";
import { silentLogger } from "../logger.ts";
import type { ErrorContext } from "../types.ts";
import { systemClock } from "../utils/clock.ts";
import { ApplicationGuard, isBoolean } from "./application-guard.ts";

const failure = new Error("the application's");
const context: ErrorContext = { type: "vote", ws: undefined };
const throwing = (): never => {
  throw failure;
};
const rejecting = (): Promise<never> => Promise.reject(failure);
/** Hooks that other hooks cause are called one turn later. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

interface Lines {
  readonly lines: (readonly [fields: object, message: string])[];
  readonly logger: Logger;
}

function recordLines(): Lines {
  const lines: Lines["lines"] = [];
  return { lines, logger: { ...silentLogger, error: (...line) => void lines.push(line) } };
}

describe("a guard", () => {
  it.each([
    ["throws", throwing],
    ["rejects", rejecting],
  ])("reports what a call %s", async (_how, call) => {
    const onError = vi.fn();
    const guard = new ApplicationGuard({ onError, logger: silentLogger, clock: systemClock });
    guard.notify(call, context);
    guard.listener("onSecurityEvent", call)?.("event");
    await turns();
    expect(onError.mock.calls).toEqual([
      [failure, context],
      [failure, { type: "onSecurityEvent", ws: undefined }],
    ]);
  });

  it.each([
    ["throws", throwing],
    ["rejects", rejecting],
  ])("logs both errors when onError %s", async (_how, onError) => {
    const { lines, logger } = recordLines();
    new ApplicationGuard({ onError, logger, clock: systemClock }).report(new Error("first"), context);
    await turns();
    expect(lines.map(([fields]) => fields)).toMatchObject([{ type: "vote" }, { type: "onError" }]);
  });

  it.each([undefined, Object.create(null), Symbol("s"), { toString: throwing }])(
    "logs an error that has no text",
    (error: unknown) => {
      const { lines, logger } = recordLines();
      new ApplicationGuard({ onError: undefined, logger, clock: systemClock }).report(error, context);
      expect(lines).toHaveLength(1);
    },
  );

  it.each([
    ["throws", throwing],
    ["rejects", rejecting],
    ["is no function", undefined],
  ])("reports a logger whose method %s, also where onError fails too", async (_how, method) => {
    const onError = vi.fn(throwing);
    const logger = { debug: method, info: method, warn: method, error: method } as unknown as Logger;
    new ApplicationGuard({ onError: undefined, logger, clock: systemClock }).logger.warn({}, "a line");
    new ApplicationGuard({ onError, logger, clock: systemClock }).logger.warn({}, "a line");
    await turns();
    expect(onError.mock.calls).toEqual([[expect.any(Error), { type: "logger", ws: undefined }]]);
  });

  it("keeps the logger's own this", () => {
    const { lines, logger } = recordLines();
    class BoundLogger {
      readonly inner = logger;
      error(fields: object, message: string): void {
        this.inner.error(fields, message);
      }
    }
    const guard = new ApplicationGuard({
      onError: undefined,
      logger: new BoundLogger() as unknown as Logger,
      clock: systemClock,
    });
    guard.logger.error({}, "a line");
    expect(lines).toEqual([[{}, "a line"]]);
  });
});

describe("a function that must answer at once", () => {
  const rules = { option: "trustProxy", isAnswer: isBoolean, refusal: false };
  const guardOf = (onError?: (error: unknown, context: ErrorContext) => void): ApplicationGuard =>
    new ApplicationGuard({ onError, logger: silentLogger, clock: systemClock });

  it("gives its own answers", () => {
    const isLocal = guardOf().decision((address: string) => address === "::1", rules);
    expect([isLocal("::1"), isLocal("::2")]).toEqual([true, false]);
  });

  it.each([
    ["a promise", (): unknown => Promise.resolve(true)],
    ["a promise that rejects", rejecting],
    ["nothing", (): unknown => undefined],
    ["a text", (): unknown => "yes"],
  ])("refuses with %s, and onError alone hears it, each time", async (_what, decide) => {
    const { lines, logger } = recordLines();
    const onError = vi.fn();
    const guard = new ApplicationGuard({ onError, logger, clock: systemClock });
    const decision = guard.decision(decide as () => boolean, rules);
    expect([decision(), decision()]).toEqual([false, false]);
    await turns();
    expect(onError.mock.calls).toMatchObject(Array(2).fill([{ name: "TypeError" }, { type: "trustProxy" }]));
    expect(lines).toEqual([]);
    const unheard = new ApplicationGuard({ onError: undefined, logger, clock: systemClock });
    const logged = unheard.decision(decide as () => boolean, rules);
    expect([logged(), logged()]).toEqual([false, false]);
    expect(lines).toMatchObject([[{ type: "trustProxy" }, expect.stringContaining("trustProxy")]]);
  });

  it("is reported when it throws, and throws unavailable", async () => {
    const onError = vi.fn();
    const decision = guardOf(onError).decision(throwing, rules);
    expect(decision).toThrow(expect.objectContaining({ code: "unavailable" }));
    await turns();
    expect(onError.mock.calls).toEqual([[failure, { type: "trustProxy", ws: undefined }]]);
  });

  it("throws its own HalyardErrors", () => {
    const error = new HalyardError("forbidden");
    const decision = guardOf().decision((): boolean => {
      throw error;
    }, rules);
    expect(decision).toThrow(error);
  });
});

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { ConsoleLogger } from "./console-logger.ts";

const lines: string[] = [];
let clock: FakeClock;
let logger: ConsoleLogger;

beforeEach(() => {
  lines.length = 0;
  for (const level of ["info", "warn", "error"] as const)
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(`${level} ${line}`));
  clock = new FakeClock();
  logger = new ConsoleLogger(clock);
});
afterEach(() => {
  logger.stop();
});

const FAILED = "the application's code failed";
/** Each error is made at the same place. */
const errorOf = (message: string): Error => new Error(message);
const fail = (err: unknown, type = "vote"): void => {
  logger.error({ type, err }, FAILED);
};
const firstLines = (): string[] => lines.map((line) => line.split("\n", 1)[0] ?? "");

it("writes the same error once and its count every minute, and a different one at once [s-M1]", async () => {
  for (let n = 0; n < 4; n++) fail(errorOf("down"));
  fail(errorOf("gone"));
  fail(errorOf("down"), "load");
  expect(firstLines()).toEqual([
    `error [halyard] ${FAILED} (type: vote): Error: down`,
    `error [halyard] ${FAILED} (type: vote): Error: gone`,
    `error [halyard] ${FAILED} (type: load): Error: down`,
  ]);
  await clock.advance(59_999);
  expect(lines).toHaveLength(3);
  await clock.advance(1);
  expect(lines.slice(3)).toEqual([`error [halyard] ${FAILED} (type: vote): Error: down (3 more times)`]);
  fail(errorOf("down"));
  await clock.advance(60_000);
  expect(lines.slice(4)).toEqual([`error [halyard] ${FAILED} (type: vote): Error: down (1 more times)`]);
});

it("writes an error anew that was quiet for a minute, and leaves no timer after that [s-M1]", async () => {
  fail(errorOf("down"));
  await clock.advance(60_000);
  expect(clock.timers).toBe(0);
  fail(errorOf("down"));
  expect(lines).toHaveLength(2);
});

it("writes the counts when it stops, and nothing while it is silent [s-M1]", () => {
  for (let n = 0; n < 3; n++) logger.warn({}, "a room");
  logger.stop();
  expect(lines).toEqual(["warn [halyard] a room", "warn [halyard] a room (2 more times)"]);
  logger.silence();
  logger.error({}, "a failure");
  logger.info({}, "a connect");
  expect(lines).toHaveLength(2);
});

it("bounds the lines of a minute, whatever texts of visitors the messages quote [s-M1]", () => {
  for (let n = 0; n < 1_000; n++) fail(errorOf(`no user ${String(n)}`));
  expect(lines).toHaveLength(21);
  for (let n = 0; n < 1_000; n++) logger.warn({}, `refused ${String(n)}`);
  expect(lines.length).toBeLessThan(220);
});

it("writes the causes and the parts of an error, and what has no text [s-M1]", () => {
  const refused = Object.assign(new AggregateError([new Error("connect ECONNREFUSED ::1:6379")]), {
    message: "",
  });
  fail(new TypeError("outer", { cause: refused }));
  const circular = new Error("circular");
  circular.cause = circular;
  const hostile = Object.defineProperty(new Error("hostile"), "stack", {
    get: () => {
      throw new Error("no stack");
    },
  });
  for (const error of [circular, hostile, "a text", Object.create(null), Symbol("s")]) fail(error);
  expect(lines[0]).toMatch(/TypeError: outer\n( {4}at .*\n)+ {4}caused by AggregateError: \n/);
  expect(lines[0]).toContain("    caused by Error: connect ECONNREFUSED ::1:6379");
  expect(lines).toHaveLength(6);
});

it("writes info only where it was asked for [s-M2]", () => {
  logger.info({}, "connection connected");
  new ConsoleLogger(clock, true).info({ userId: "ada", event: "connected" }, "connection connected");
  expect(lines).toEqual(["info [halyard] connection connected (userId: ada)"]);
});

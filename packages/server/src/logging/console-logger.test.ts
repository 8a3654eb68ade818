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

it("quotes a value that would read as more than one, and no other", () => {
  const forged = "x, address: 6.6.6.6";
  logger.warn({ userId: forged, address: "::ffff:192.0.2.1" }, "refused");
  logger.warn({ room: 'a "b\\', rule: "authorize said no", code: 403 }, "refused in a room");
  for (const [n, userId] of ["x) [halyard] fine", "x: y", "", " x", "Ada Lovelace", "x:y"].entries())
    logger.warn({ userId }, `line ${String(n)}`);
  expect(lines.map((line) => line.replace("warn [halyard] ", ""))).toEqual([
    'refused (userId: "x, address: 6.6.6.6", address: ::ffff:192.0.2.1)',
    'refused in a room (room: "a \\"b\\\\", rule: authorize said no, code: 403)',
    'line 0 (userId: "x) [halyard] fine")',
    'line 1 (userId: "x: y")',
    'line 2 (userId: "")',
    'line 3 (userId: " x")',
    "line 4 (userId: Ada Lovelace)",
    "line 5 (userId: x:y)",
  ]);
});

it("writes no line end, escape sequence or mark of direction of a value or a message", () => {
  const hostile = "ada\n[halyard] forged\r\u001b[2J\u0085\u2028\u202e";
  logger.warn({ userId: hostile }, `refused ${hostile}`);
  fail(new Error(hostile, { cause: hostile }));
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).not.toMatch(/[^\P{C}\n]|\p{Zl}/u);
    for (const next of line.split("\n").slice(1)) expect(next).toMatch(/^ {4}(at|caused by) /);
  }
});

it("does not write the kind of an event, which the sentence says", () => {
  logger.warn({ kind: "upgrade_refused", reason: "forbidden", code: 403 }, "an upgrade was refused");
  expect(lines).toEqual(["warn [halyard] an upgrade was refused (reason: forbidden, code: 403)"]);
});

it("writes a refusal for each user and room, up to twenty of one reason", () => {
  const refuse = (userId: string, room: string): void => {
    logger.warn(
      { kind: "forbidden", reason: "join", type: "join", rule: "authorize said no", userId, room },
      "no",
    );
  };
  for (const userId of ["ada", "bea", "ada"]) refuse(userId, "lobby");
  expect(lines).toHaveLength(2);
  for (let n = 0; n < 100; n++) refuse("ada", String(n));
  expect(lines).toHaveLength(21);
});

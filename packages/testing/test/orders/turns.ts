// Turns that take no time of the event loop: all promises of a turn have settled when the next one begins.
// A turn of the real event loop is a system call or two, and those were two thirds of the property test's time.
// Only for a world without sockets, files and real timers, which these turns never let in.
import type { TestClock } from "../../src/clock/test-clock.ts";

const waiting: (() => void)[] = [];
let isRunning = false;

/** Runs a callback in a turn of its own, after those that were queued earlier. */
export function queueTurn(callback: () => void): void {
  waiting.push(callback);
  if (isRunning) return;
  isRunning = true;
  beginNextTurn();
}

export function waitOneTurn(): Promise<void> {
  return new Promise(queueTurn);
}

/** A tick begins when no promise is left to settle; a tick that is queued in a tick would run before the promises of that one. */
function beginNextTurn(): void {
  queueMicrotask(() => process.nextTick(runTurn));
}

function runTurn(): void {
  const callback = waiting.shift();
  if (waiting.length > 0) beginNextTurn();
  else isRunning = false;
  callback?.();
}

/** The result of code of an application that works for a random time of less than `maxMs`; at once where there is none. */
export function afterWork<TResult>(
  clock: Pick<TestClock, "random" | "setTimeout">,
  maxMs: number,
  result: TResult,
): TResult | Promise<TResult> {
  const ms = Math.floor(clock.random() * maxMs);
  return ms === 0 ? result : new Promise((resolve) => clock.setTimeout(() => resolve(result), ms));
}

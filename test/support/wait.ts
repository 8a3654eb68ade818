import { setTimeout as pause } from "node:timers/promises";

/** The longest wait of a test for an event, in ms. Only a failing test waits that long. */
export const TIMEOUT_MS = 5_000;

/** The options of `expect.poll` for a page in a browser. Only a failing test waits for the whole timeout. */
export const POLL = { timeout: 20_000, interval: 100 };

/**
 * Resolves with the first result of `probe` that is not `false`.
 *
 * @param what the event for which the test waits, for the message of the error
 * @throws Error after `ms`
 */
export async function until<TResult>(
  what: string,
  probe: () => TResult | false | Promise<TResult | false>,
  ms = TIMEOUT_MS,
): Promise<TResult> {
  const deadline = performance.now() + ms;
  for (;;) {
    const result = await probe();
    if (result !== false) return result;
    if (performance.now() > deadline) throw new Error(`Waited ${String(ms)} ms in vain: ${what}`);
    await pause(10);
  }
}

/** Rejects with `what()` when the promise has not settled after `ms`. */
export async function within<TResult>(
  promise: Promise<TResult>,
  what: () => string,
  ms = TIMEOUT_MS,
): Promise<TResult> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`Waited ${String(ms)} ms in vain: ${what()}`));
  }, ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

import { setTimeout as pause } from "node:timers/promises";

/** How long a test waits for something that must happen. Generous: it is only ever used up by a failure. */
export const PATIENCE_MS = 5_000;

/**
 * Resolves with the first result of `probe` that is not `false`.
 *
 * @throws Error after `ms`, naming what was waited for.
 */
export async function until<TResult>(
  what: string,
  probe: () => TResult | false | Promise<TResult | false>,
  ms = PATIENCE_MS,
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
  ms = PATIENCE_MS,
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

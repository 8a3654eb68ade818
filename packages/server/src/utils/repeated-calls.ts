// Repeats calls to the backplane whose outcome is unknown, or that must eventually succeed although
// no caller waits for them. Used only for calls that may have their effect twice.
// Guarantee: a call is repeated until it succeeds, its time is over, or `stop` is called; each call and check has one timer.
import type { Clock } from "../types.ts";
import { isUnavailable } from "./errors.ts";
import type { MaybePromise } from "./maybe-promise.ts";

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 2_000;
const REPEATED_MS = 10_000;

/** Repeats a call while it fails with `unavailable`, with back-off and jitter. Rejects with the last error. */
export async function repeatWhileUnavailable<TResult>(
  first: unknown,
  call: () => Promise<TResult>,
  clock: Clock,
): Promise<TResult> {
  const endsAt = clock.now() + REPEATED_MS;
  let error = first;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
    if (!isUnavailable(error) || clock.now() >= endsAt) throw error;
    await new Promise<void>((resolve) => clock.setTimeout(resolve, waitMs * (0.5 + clock.random() / 2)));
    try {
      return await call();
    } catch (next) {
      error = next;
    }
  }
}

/**
 * Repeats a call once, immediately, if it fails with `unavailable`, because the first call has already used its whole
 * deadline. For calls that a client awaits while it connects, which must survive one lost reply.
 *
 * @param call must have no further effect when it is repeated
 */
export function repeatOnce<TResult>(
  first: Promise<TResult>,
  call: () => MaybePromise<TResult>,
): Promise<TResult> {
  return first.catch((error: unknown) => {
    if (!isUnavailable(error)) throw error;
    return call();
  });
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** Repeats calls, with back-off and jitter, for which no caller waits. */
export class RepeatedCalls {
  readonly #clock: Clock;
  readonly #maxMs: number;
  readonly #timers = new Set<unknown>();
  #isStopped = false;

  /** @param maxMs how long a call is repeated */
  constructor(clock: Clock, maxMs: number) {
    this.#clock = clock;
    this.#maxMs = maxMs;
  }

  /** @param onEnd called when the call has succeeded, or its time is over */
  add(call: () => undefined | Promise<void>, onEnd: () => void = () => {}): void {
    this.#repeatLater(call, { onEnd, ms: FIRST_RETRY_MS, endsAt: this.#clock.now() + this.#maxMs });
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #repeatLater(
    call: () => undefined | Promise<void>,
    { onEnd, ms, endsAt }: { readonly onEnd: () => void; readonly ms: number; readonly endsAt: number },
  ): void {
    if (this.#isStopped) return;
    const timer = this.#clock.setTimeout(
      () => {
        this.#timers.delete(timer);
        void (async () => {
          try {
            await call();
          } catch {
            if (this.#clock.now() < endsAt) {
              this.#repeatLater(call, { onEnd, ms: Math.min(2 * ms, MAX_RETRY_MS), endsAt });
              return;
            }
          }
          onEnd();
        })();
      },
      ms * (0.5 + this.#clock.random() / 2),
    );
    this.#timers.add(timer);
  }
}

const CHECK_MS = 1_000;

/** The dependencies of {@link RepeatedCheck}. */
export interface RepeatedCheckParts {
  readonly clock: Clock;
  readonly check: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** A check that is repeated every second until it succeeds, and once more if it was asked for while it ran. */
export class RepeatedCheck {
  readonly #parts: RepeatedCheckParts;
  #isDue = false;
  #running: Promise<void> | undefined;
  /** Ends the wait after a failure. */
  #wake: () => void = () => {};
  #isStopped = false;

  constructor(parts: RepeatedCheckParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Checks at once. Resolves when a check that began after this call has succeeded, or after `stop`. Never rejects. */
  run(): Promise<void> {
    this.#isDue = true;
    this.#wake();
    return (this.#running ??= this.#untilDone());
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  async #untilDone(): Promise<void> {
    const { check, onError } = this.#parts;
    while (this.#isDue && !this.#isStopped) {
      this.#isDue = false;
      await check().catch((error: unknown) => {
        if (this.#isStopped) return undefined;
        this.#isDue = true;
        onError(error);
        return this.#wait();
      });
    }
    // In the turn in which the last check was found to be sufficient: a later call begins the next one.
    this.#running = undefined;
  }

  #wait(): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, CHECK_MS);
      this.#wake = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }
}

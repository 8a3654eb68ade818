// The one place that calls the hooks which report what has happened: `onSecurityEvent`, `onDisconnect`, `onClose`,
// `onError`.
// Called by ApplicationGuard, after the state has changed.
// Guarantees: a hook never runs inside another call of the application's code; hooks run in the order of the events; a hook that
// throws or rejects is reported and does not stop the others.
import { callSafely } from "@halyard/protocol/internal";
import type { Clock } from "../types.ts";

interface Call {
  readonly run: () => unknown;
  readonly onError: (error: unknown) => void;
}

/** The hook calls that are due. They run when the code that caused them has returned. */
export class HookQueue {
  readonly #clock: Clock;
  #due: Call[] = [];
  #hasRunInThisTurn = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls a hook in this turn. A call that a hook causes runs in the next turn, so that hooks cannot block the event loop. */
  add(run: () => unknown, onError: (error: unknown) => void): void {
    if (this.#due.push({ run, onError }) === 1 && !this.#hasRunInThisTurn) queueMicrotask(this.#runDue);
  }

  readonly #runDue = (): void => {
    const calls = this.#due;
    this.#due = [];
    this.#hasRunInThisTurn = true;
    this.#clock.setImmediate(this.#endTurn);
    for (const { run, onError } of calls) callSafely(run, onError);
  };

  readonly #endTurn = (): void => {
    this.#hasRunInThisTurn = false;
    if (this.#due.length > 0) this.#runDue();
  };
}

// Spreads work over turns of the event loop, so that no turn does too much.
// Used by ReplayPlanner and UserListRequests.
// Guarantees: work begins in the order in which it was requested, and only while the turn's allowance is not used up.

import type { Clock } from "../types.ts";

interface WaitingWork {
  readonly estimate: number;
  readonly resolve: (turn: number) => void;
}

/** Gives each turn of the event loop an allowance of work. */
export class WorkTurns {
  readonly #clock: Clock;
  readonly #perTurn: number;
  readonly #waiting: WaitingWork[] = [];
  #left: number;
  #turn = 0;
  #isFresh = true;

  constructor(clock: Clock, perTurn: number) {
    this.#clock = clock;
    this.#perTurn = perTurn;
    this.#left = perTurn;
  }

  /**
   * Resolves in a turn that has allowance left; returns no promise if this turn has.
   *
   * @param estimate the largest possible amount of work; it is reserved in the turn until {@link end}
   * @returns the turn, to be passed to {@link end}
   */
  begin(estimate: number): number | Promise<number> {
    if (this.#left > 0 && this.#waiting.length === 0) return this.#reserve(estimate);
    return new Promise((resolve) => {
      this.#waiting.push({ estimate, resolve });
      this.#renewLater();
    });
  }

  /** Ends work that was begun in this or an earlier turn: the unused part of its estimate becomes available again. */
  end(turn: number, { estimate, spent }: { readonly estimate: number; readonly spent: number }): void {
    this.#left += turn === this.#turn ? estimate - spent : -spent;
    this.#renewLater();
    this.#wake();
  }

  #reserve(estimate: number): number {
    this.#left -= estimate;
    this.#renewLater();
    return this.#turn;
  }

  #wake(): void {
    while (this.#left > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.resolve(this.#reserve(next.estimate));
    }
  }

  #renewLater(): void {
    if (!this.#isFresh) return;
    this.#isFresh = false;
    this.#clock.setImmediate(this.#renew);
  }

  readonly #renew = (): void => {
    this.#isFresh = true;
    this.#turn++;
    this.#left = this.#perTurn;
    this.#wake();
  };
}

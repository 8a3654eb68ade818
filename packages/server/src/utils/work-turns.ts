// Spreads work over turns of the event loop, so that no turn does too much of it.
// The planner of replays uses it.
// Guarantees: work begins in the order in which it was asked for, and only while the allowance of the turn is not spent.

import type { Clock } from "../types.ts";

interface WaitingWork {
  readonly estimate: number;
  readonly resolve: (turn: number) => void;
}

/** An allowance of work for each turn of the event loop. */
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
   * Resolves in a turn with an allowance left; without a promise if this turn has some.
   *
   * @param estimate how much work it is at most: other work begins in this turn only besides it
   * @returns the turn, for {@link end}
   */
  begin(estimate: number): number | Promise<number> {
    if (this.#left > 0 && this.#waiting.length === 0) return this.#reserve(estimate);
    return new Promise((resolve) => {
      this.#waiting.push({ estimate, resolve });
      this.#renewLater();
    });
  }

  /** Work has ended that was begun in this or an earlier turn: what is left of its estimate is free again. */
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

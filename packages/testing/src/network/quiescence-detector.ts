import type { TestClock } from "../clock/test-clock.ts";
import type { Traffic } from "./traffic.ts";
import { pause, turn } from "../clock/event-loop.ts";

/** So many turns of the event loop without anything happening are a rest: promises and streams take a few. */
const QUIET_TURNS = 8;
/**
 * How often it is looked whether something has happened, in real time. Looks are counted, not milliseconds: a process
 * that was not given the processor for a while has not been quiet.
 */
const LOOK_MS = 5;

/** Something that may be about to do something. */
interface Actor {
  readonly isUnderWay: boolean;
  giveUp(): void;
}

export interface RestParts {
  readonly traffic: Traffic;
  readonly clock: TestClock | undefined;
  readonly quietMs: number;
  readonly actors: Iterable<Actor>;
}

/** Knows when nothing is under way. */
export class Rest {
  readonly #parts: RestParts;

  constructor(parts: RestParts) {
    this.#parts = parts;
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<void> {
    if (!this.#parts.clock) return this.#settleInRealTime();
    for (await this.#calm(); this.#isUnderWay(); await this.#calm()) {
      if (await this.#movesInTime()) continue;
      for (const actor of this.#parts.actors) actor.giveUp();
    }
  }

  get #isBusy(): boolean {
    const { traffic, clock } = this.#parts;
    return traffic.inFlight > 0 || (clock?.pending ?? 0) > 0;
  }

  #isUnderWay(): boolean {
    for (const { isUnderWay } of this.#parts.actors) if (isUnderWay) return true;
    return false;
  }

  /** Waits until everything that needs neither time nor anybody outside has happened. */
  async #calm(): Promise<void> {
    const { traffic } = this.#parts;
    for (let quiet = 0, { moves } = traffic; quiet < QUIET_TURNS; quiet++) {
      await turn();
      if (traffic.moves !== moves || this.#isBusy) quiet = -1;
      moves = traffic.moves;
    }
  }

  /** Whatever is under way may wait for the world outside: a file, a database. Gives it some real time. */
  async #movesInTime(): Promise<boolean> {
    const { traffic, quietMs } = this.#parts;
    const { moves } = traffic;
    for (let left = quietMs; left > 0; left -= LOOK_MS) {
      await pause(LOOK_MS);
      if (traffic.moves !== moves || this.#isBusy || !this.#isUnderWay()) return true;
    }
    return false;
  }

  /** Nobody sees the timers of real time: nothing has happened for a while, and nobody is about to connect. */
  async #settleInRealTime(): Promise<void> {
    const { traffic, quietMs } = this.#parts;
    let { moves } = traffic;
    for (let left = quietMs; left > 0; left -= LOOK_MS) {
      await pause(LOOK_MS);
      if (traffic.moves === moves && !this.#isBusy && !this.#isUnderWay()) continue;
      left = quietMs;
      moves = traffic.moves;
    }
  }
}

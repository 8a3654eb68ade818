import type { Traffic } from "./traffic.ts";
import { soon } from "../clock/event-loop.ts";

/**
 * One direction of a connection: what goes in comes out in the same order, in a later turn of the event loop. So the
 * sender's call has always returned before anything is heard of it, as on a network.
 */
export class Line {
  readonly #traffic: Traffic;
  #waiting: (() => void)[] = [];
  #isScheduled = false;
  #isCut = false;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  push(deliver: () => void): void {
    if (this.#isCut) return;
    this.#traffic.inFlight++;
    this.#waiting.push(deliver);
    this.#schedule();
  }

  /** Loses what is under way, and takes nothing any more. The other end learns only that. */
  cut(learn: () => void): void {
    if (this.#isCut) return;
    this.#traffic.inFlight -= this.#waiting.length;
    this.#waiting = [];
    this.push(learn);
    this.#isCut = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    soon(() => this.#deliver());
  }

  /** Delivers what is here now; what is pushed meanwhile has its own turn. */
  #deliver(): void {
    this.#isScheduled = false;
    try {
      for (let left = this.#waiting.length; left > 0; left--) {
        const deliver = this.#waiting.shift();
        if (!deliver) break;
        this.#traffic.inFlight--;
        this.#traffic.moves++;
        deliver();
      }
    } finally {
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}

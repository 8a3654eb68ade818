// One direction of a connection in memory.
// Created by a link, twice per connection, and called for each frame and each close.
// Guarantee: deliveries run in order, and never within the call that pushed them, as on a network.
import type { Traffic } from "./traffic.ts";

/** Runs deliveries in order, in a later turn. */
export class OrderedDelivery {
  readonly #traffic: Traffic;
  readonly #queueTurn: (callback: () => void) => void;
  #waiting: (() => void)[] = [];
  #isScheduled = false;
  #isCut = false;

  constructor(traffic: Traffic, queueTurn: (callback: () => void) => void) {
    this.#traffic = traffic;
    this.#queueTurn = queueTurn;
  }

  push(deliver: () => void): void {
    if (this.#isCut) return;
    this.#traffic.inFlight++;
    this.#waiting.push(deliver);
    this.#schedule();
  }

  /** Drops all pending and later deliveries. Only `onCut` is still delivered. */
  cut(onCut: () => void): void {
    if (this.#isCut) return;
    this.#traffic.inFlight -= this.#waiting.length;
    this.#waiting = [];
    this.push(onCut);
    this.#isCut = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#queueTurn(() => this.#deliver());
  }

  /** Runs the waiting deliveries; those that are pushed meanwhile run in another turn. */
  #deliver(): void {
    this.#isScheduled = false;
    try {
      for (let left = this.#waiting.length; left > 0; left--) {
        const deliver = this.#waiting.shift();
        if (!deliver) break;
        this.#traffic.inFlight--;
        this.#traffic.count++;
        deliver();
      }
    } finally {
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}

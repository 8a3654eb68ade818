import { HalyardError } from "@halyard/protocol/wire";
import { LimitError } from "./errors.js";

/** The requests of one connection that are not answered: a bounded number at work, a bounded number waiting. */
export class RequestSlots {
  readonly #limits: { readonly runningRequests: number; readonly waitingRequests: number };
  readonly #ids = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Whoever waits for the end of all of them. */
  #waiters: (() => void)[] = [];

  constructor(limits: { readonly runningRequests: number; readonly waitingRequests: number }) {
    this.#limits = limits;
  }

  /**
   * @returns undefined when there is a place at once
   * @throws HalyardError `conflict` for an id that is pending, `limit_exceeded` when too many wait
   */
  enter(id: string | undefined): undefined | Promise<void> {
    if (id !== undefined && this.#ids.has(id)) throw new HalyardError("conflict", "This id is pending.");
    if (this.#running >= this.#limits.runningRequests) {
      if (this.#waiting.length >= this.#limits.waitingRequests)
        throw new LimitError("limit_exceeded", "waitingRequests");
      if (id !== undefined) this.#ids.add(id);
      // The place is handed over, still counted.
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    if (id !== undefined) this.#ids.add(id);
    this.#running++;
    return undefined;
  }

  exit(id: string | undefined): void {
    if (id !== undefined) this.#ids.delete(id);
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    if (--this.#running > 0) return;
    for (const resolve of this.#waiters) resolve();
    this.#waiters = [];
  }

  /** Settles when none is at work or waiting. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}

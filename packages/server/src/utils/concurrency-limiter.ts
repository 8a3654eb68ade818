import { HalyardError } from "@halyard/protocol/wire";
import { LimitError } from "./errors.ts";

type Task = () => undefined | Promise<void>;

/** The requests of one connection that are not answered: a bounded number at work, a bounded number waiting. */
export class ConcurrencyLimiter {
  readonly #limits: { readonly runningRequests: number; readonly waitingRequests: number };
  #ids: Set<string> | undefined = undefined;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Whoever waits for the end of all of them. */
  #waiters: (() => void)[] = [];

  constructor(limits: { readonly runningRequests: number; readonly waitingRequests: number }) {
    this.#limits = limits;
  }

  /**
   * Runs a task as soon as there is a place for it: now, as a rule.
   *
   * @throws HalyardError `conflict` for an id that is pending, `limit_exceeded` when too many wait
   */
  run(id: string | undefined, task: Task): undefined | Promise<void> {
    if (id !== undefined && this.#ids?.has(id) === true)
      throw new HalyardError("conflict", "This id is pending.");
    if (this.#running >= this.#limits.runningRequests) return this.#wait(id, task);
    this.#running++;
    let running: undefined | Promise<void>;
    try {
      running = task();
    } catch (error) {
      this.#release();
      throw error;
    }
    if (running !== undefined) return this.#releaseAfter(id, running);
    this.#release();
    return undefined;
  }

  #wait(id: string | undefined, task: Task): Promise<void> {
    if (this.#waiting.length >= this.#limits.waitingRequests)
      throw new LimitError("limit_exceeded", "waitingRequests");
    // The place is handed over, still counted.
    const admitted = new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#releaseAfter(id, admitted.then(task));
  }

  /** Only what is not over at once has an id that could come again meanwhile. */
  async #releaseAfter(id: string | undefined, running: Promise<void>): Promise<void> {
    if (id !== undefined) (this.#ids ??= new Set()).add(id);
    try {
      await running;
    } finally {
      if (id !== undefined) this.#ids?.delete(id);
      this.#release();
    }
  }

  #release(): void {
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
  async onIdle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}

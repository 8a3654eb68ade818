import { HalyardError } from "@halyard/protocol/wire";
import { LimitError } from "./errors.ts";

type Task = () => undefined | Promise<void>;

/** Runs the requests of one connection: a bounded number run at once, and a bounded number wait. */
export class ConcurrencyLimiter {
  readonly #limits: { readonly runningRequests: number; readonly waitingRequests: number };
  #ids: Set<string> | undefined = undefined;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** The waiting callers of {@link onIdle}. */
  #waiters: (() => void)[] = [];

  constructor(limits: { readonly runningRequests: number; readonly waitingRequests: number }) {
    this.#limits = limits;
  }

  /**
   * Runs a task as soon as fewer than the limit are running, which is usually now.
   *
   * @throws HalyardError `conflict` for an id that is pending, `limit_exceeded` if too many tasks wait
   */
  run(id: string | undefined, task: Task): undefined | Promise<void> {
    if (id !== undefined && this.#ids?.has(id) === true)
      throw new HalyardError("conflict", "This id is pending.");
    if (this.isFull) return this.#wait(id, task);
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
    // A task that ends passes its place to the first waiting one, so the place stays counted.
    const admitted = new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#releaseAfter(id, admitted.then(task));
  }

  /** Releases the id and place of an asynchronous task. A synchronous one needs no id, because the id cannot arrive again while it runs. */
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

  /** Drops the tasks that have not started. */
  clear(): void {
    this.#waiting.length = 0;
  }

  /** Whether another task has to wait. */
  get isFull(): boolean {
    return this.#running >= this.#limits.runningRequests;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether no task runs or waits. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  /** Resolves when no task runs or waits. */
  async onIdle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}

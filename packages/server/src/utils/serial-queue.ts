/** A task of a queue. */
export type Task = () => void | Promise<void>;

/** Runs tasks one after the other, in order. A task must not throw or reject. */
export class SerialQueue {
  /** The handler of a message that was called last; set by the user of the queue. */
  running: { abort(): void } | undefined = undefined;
  /** The timer of a send that waits to be within its rate; set by the user of the queue. */
  delayTimer: unknown = undefined;
  #tasks: Task[] | undefined = undefined;
  #isBusy = false;
  /** The waiting callers of {@link onIdle}. */
  #waiters: (() => void)[] | undefined = undefined;

  get waiting(): number {
    return this.#tasks?.length ?? 0;
  }

  /** Whether no task runs or waits. */
  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /** Runs a task, at once if the queue is idle. */
  add(task: Task): void {
    if (this.#isBusy) {
      this.#tasks ??= [];
      this.#tasks.push(task);
      return;
    }
    this.#isBusy = true;
    const running = task();
    // A synchronous task may have added others.
    if (running === undefined && this.#tasks === undefined) this.#isBusy = false;
    else void this.#drain(running);
  }

  /** Resolves when the tasks that were added so far have run; undefined if there are none. */
  afterAdded(): Promise<void> | undefined {
    if (!this.#isBusy) return undefined;
    return new Promise<void>((resolve) => {
      this.add(resolve);
    });
  }

  /** Drops the tasks that have not started. */
  clear(): void {
    this.#tasks = undefined;
  }

  /** Resolves when no task runs or waits. */
  async onIdle(): Promise<void> {
    if (!this.#isBusy) return;
    await new Promise<void>((resolve) => {
      (this.#waiters ??= []).push(resolve);
    });
  }

  async #drain(running: ReturnType<Task>): Promise<void> {
    await running;
    for (let task = this.#tasks?.shift(); task !== undefined; task = this.#tasks?.shift()) {
      const next = task();
      if (next !== undefined) await next;
    }
    this.#tasks = undefined;
    this.#isBusy = false;
    for (const resolve of this.#waiters ?? []) resolve();
    this.#waiters = undefined;
  }
}

export type Task = () => void | Promise<void>;

/** Handles one thing after the other, in order. A job must not throw: it answers for its own failures. */
export class SerialQueue {
  /** The handler that was called last. */
  running: { abort(): void } | undefined = undefined;
  /** Runs while a send waits to be within its rate. */
  delayTimer: unknown = undefined;
  #tasks: Task[] | undefined = undefined;
  #isBusy = false;
  /** Whoever waits for the end of all jobs. */
  #waiters: (() => void)[] | undefined = undefined;

  get waiting(): number {
    return this.#tasks?.length ?? 0;
  }

  /** Runs the job, at once if nothing is before it. */
  add(task: Task): void {
    if (this.#isBusy) {
      this.#tasks ??= [];
      this.#tasks.push(task);
      return;
    }
    this.#isBusy = true;
    const running = task();
    // The job itself may have added others.
    if (running === undefined && this.#tasks === undefined) this.#isBusy = false;
    else void this.#drain(running);
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.#tasks = undefined;
  }

  /** Settles when nothing is running or waiting. */
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

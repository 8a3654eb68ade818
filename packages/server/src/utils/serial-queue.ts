export type Job = () => void | Promise<void>;

/** Handles one thing after the other, in order. A job must not throw: it answers for its own failures. */
export class Lane {
  /** The handler that was called last. */
  running: { abort(): void } | undefined = undefined;
  /** Runs while a send waits to be within its rate. */
  pause: unknown = undefined;
  #jobs: Job[] | undefined = undefined;
  #isBusy = false;
  /** Whoever waits for the end of all jobs. */
  #waiters: (() => void)[] | undefined = undefined;

  get waiting(): number {
    return this.#jobs?.length ?? 0;
  }

  /** Runs the job, at once if nothing is before it. */
  add(job: Job): void {
    if (this.#isBusy) {
      this.#jobs ??= [];
      this.#jobs.push(job);
      return;
    }
    this.#isBusy = true;
    const running = job();
    // The job itself may have added others.
    if (running === undefined && this.#jobs === undefined) this.#isBusy = false;
    else void this.#drain(running);
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.#jobs = undefined;
  }

  /** Settles when nothing is running or waiting. */
  async idle(): Promise<void> {
    if (!this.#isBusy) return;
    await new Promise<void>((resolve) => {
      (this.#waiters ??= []).push(resolve);
    });
  }

  async #drain(running: ReturnType<Job>): Promise<void> {
    await running;
    for (let job = this.#jobs?.shift(); job !== undefined; job = this.#jobs?.shift()) {
      const next = job();
      if (next !== undefined) await next;
    }
    this.#jobs = undefined;
    this.#isBusy = false;
    for (const resolve of this.#waiters ?? []) resolve();
    this.#waiters = undefined;
  }
}

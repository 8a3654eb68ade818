// A queue of subjects that runs one asynchronous task for each of them.
// The session checks queue a session whenever it has to be read from the store.
// Guarantees at most one run per subject and `limit` runs at a time, and one more run for a request during a run.
import { AsyncLocalStorage } from "node:async_hooks";

/** Runs a task per subject. Requests for a waiting subject are combined in one run. */
export class CoalescingQueue<TSubject> {
  readonly #task: (subject: TSubject) => Promise<void>;
  readonly #limit: number;
  readonly #waiting = new Set<TSubject>();
  readonly #running = new Set<TSubject>();
  readonly #rerun = new Set<TSubject>();
  // A request often arrives during a call of Better Auth, whose asynchronous context holds a database
  // transaction. A task in that context would read uncommitted rows, or use the transaction after its end.
  readonly #runOutsideCallerContext = AsyncLocalStorage.snapshot();

  /** @param task never rejects */
  constructor(task: (subject: TSubject) => Promise<void>, limit = 16) {
    this.#task = task;
    this.#limit = limit;
  }

  request(subject: TSubject): void {
    if (this.#running.has(subject)) this.#rerun.add(subject);
    else this.#waiting.add(subject);
    this.#runOutsideCallerContext(() => this.#startNext());
  }

  #startNext(): void {
    for (const subject of this.#waiting) {
      if (this.#running.size >= this.#limit) return;
      this.#waiting.delete(subject);
      this.#running.add(subject);
      void this.#task(subject).then(() => this.#onDone(subject));
    }
  }

  #onDone(subject: TSubject): void {
    this.#running.delete(subject);
    if (this.#rerun.delete(subject)) this.#waiting.add(subject);
    this.#startNext();
  }
}

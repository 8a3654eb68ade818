import { AsyncLocalStorage } from "node:async_hooks";

/** Runs look-ups, a bounded number at once and at most one per subject; asked again meanwhile, once more after it. */
export class LookUps<TSubject> {
  readonly #lookUp: (subject: TSubject) => Promise<void>;
  readonly #limit: number;
  readonly #waiting = new Set<TSubject>();
  readonly #running = new Set<TSubject>();
  readonly #again = new Set<TSubject>();
  // A look-up is often asked for in the middle of a request to Better Auth, whose context holds that request's database
  // transaction: a look-up inside of it would see, or outlive, a transaction that is not its own.
  readonly #outside = AsyncLocalStorage.snapshot();

  /** @param lookUp never rejects */
  constructor(lookUp: (subject: TSubject) => Promise<void>, limit = 16) {
    this.#lookUp = lookUp;
    this.#limit = limit;
  }

  request(subject: TSubject): void {
    if (this.#running.has(subject)) this.#again.add(subject);
    else this.#waiting.add(subject);
    this.#outside(() => this.#next());
  }

  #next(): void {
    for (const subject of this.#waiting) {
      if (this.#running.size >= this.#limit) return;
      this.#waiting.delete(subject);
      this.#running.add(subject);
      void this.#lookUp(subject).then(() => this.#done(subject));
    }
  }

  #done(subject: TSubject): void {
    this.#running.delete(subject);
    if (this.#again.delete(subject)) this.#waiting.add(subject);
    this.#next();
  }
}

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** Who listens to what. Listeners run in the order in which they came; one that throws harms nobody else. */
export class Emitter<TEvents extends Record<keyof TEvents, unknown[]>> {
  readonly #report: (error: unknown) => void;
  readonly #listeners = new Map<keyof TEvents, Set<(...payload: never) => unknown>>();

  /** @param report gets what a listener throws */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  on<TName extends keyof TEvents>(
    name: TName,
    listener: (...payload: TEvents[TName]) => unknown,
  ): Unsubscribe {
    const listeners = this.#listeners.get(name) ?? new Set();
    // A function of its own for each call: who subscribes twice hears twice, and unsubscribes one by one.
    const own = (...payload: TEvents[TName]) => listener(...payload);
    this.#listeners.set(name, listeners.add(own));
    return () => void listeners.delete(own);
  }

  /** @returns what the listeners returned */
  emit<TName extends keyof TEvents>(name: TName, ...payload: TEvents[TName]): unknown[] {
    const listeners = (this.#listeners.get(name) ?? new Set()) as Set<
      (...payload: TEvents[TName]) => unknown
    >;
    const results: unknown[] = [];
    for (const listener of [...listeners]) {
      try {
        // One that an earlier listener has just removed does not run any more.
        if (listeners.has(listener)) results.push(listener(...payload));
      } catch (error) {
        this.#report(error);
      }
    }
    return results;
  }
}

/** Ends a subscription. */
export type Unsubscribe = () => void;

type Listener = (...payload: never) => unknown;

/** Who listens to what. Listeners run in the order in which they came; one that throws harms nobody else. */
export class Emitter<TEvents extends Record<keyof TEvents, unknown[]>> {
  readonly #report: (error: unknown) => void;
  readonly #entries = new Set<readonly [name: keyof TEvents, listener: Listener]>();

  /** @param report gets what a listener throws */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  on<TName extends keyof TEvents>(
    name: TName,
    listener: (...payload: TEvents[TName]) => unknown,
  ): Unsubscribe {
    // An entry of its own for each call: who subscribes twice hears twice, and unsubscribes one by one.
    const entry = [name, listener] as const;
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** @returns what the listeners returned */
  emit<TName extends keyof TEvents>(name: TName, ...payload: TEvents[TName]): unknown[] {
    const results: unknown[] = [];
    for (const entry of [...this.#entries]) {
      const [event, listener] = entry as readonly [TName, (...payload: TEvents[TName]) => unknown];
      try {
        // One that an earlier listener has just removed does not run any more.
        if (event === name && this.#entries.has(entry)) results.push(listener(...payload));
      } catch (error) {
        this.#report(error);
      }
    }
    return results;
  }
}

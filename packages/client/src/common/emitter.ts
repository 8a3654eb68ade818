// The listeners of one client, for all of its events.
// The client's parts emit; message scopes subscribe for the application.
// Listeners run in the order of subscription, and a listener that throws or rejects stops no other listener.

/** Ends a subscription. Calling it again does nothing. */
export type Unsubscribe = () => void;

type Listener = (...payload: never) => unknown;

export class Emitter<TEvents extends Record<keyof TEvents, unknown[]>> {
  readonly #reportError: (error: unknown) => void;
  readonly #entries = new Set<readonly [name: keyof TEvents, listener: Listener, owner: unknown]>();

  /** @param reportError receives what a listener throws or rejects with */
  constructor(reportError: (error: unknown) => void) {
    this.#reportError = reportError;
  }

  /** @param owner the value with which `dropAll` ends the subscription */
  on<TName extends keyof TEvents>(
    name: TName,
    listener: (...payload: TEvents[TName]) => unknown,
    owner?: unknown,
  ): Unsubscribe {
    // Each call has its own entry: a listener that is subscribed twice is called twice, and each subscription ends separately.
    const entry = [name, listener, owner] as const;
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** Ends all subscriptions of an owner. */
  dropAll(owner: unknown): void {
    for (const entry of this.#entries) if (entry[2] === owner) this.#entries.delete(entry);
  }

  /** Calls the listeners of the event, and those of `any`. @returns what the listeners returned */
  emit<TName extends keyof TEvents>(name: TName, ...payload: TEvents[TName]): unknown[] {
    const results: unknown[] = [];
    for (const entry of [...this.#entries]) {
      const [event, listener] = entry as readonly [TName, (...payload: TEvents[TName]) => unknown, unknown];
      try {
        // A listener that an earlier listener has just removed is not called.
        if ((event !== name && event !== "any") || !this.#entries.has(entry)) continue;
        const result = listener(...payload);
        results.push(result);
        (result as Partial<PromiseLike<unknown>> | undefined)?.then?.(undefined, this.#reportError);
      } catch (error) {
        this.#reportError(error);
      }
    }
    return results;
  }
}

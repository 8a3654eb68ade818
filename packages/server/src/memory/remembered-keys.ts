// The idempotency keys of the application whose messages have left the history. Filled by the channel logs, asked by the history store.
// Guarantees: a key is known for 5 min after its publish, as on every backplane; of more than 100,000 the oldest is forgotten.

import { APPLICATION_KEY } from "../backplane-history.ts";

const KEY_MS = 5 * 60_000;
const MAX_KEYS = 100_000;

/** A message that leaves the history. */
interface KeyedEntry {
  readonly key: string | undefined;
  readonly offset: number;
  readonly at: number;
}

/** Keys whose messages were dropped, with the offsets that the messages had. */
export class RememberedKeys {
  readonly #published = new Map<string, { readonly offset: number; readonly until: number }>();

  /** Call with a message that leaves the history. Keys of clients are not kept: a client's sends have a record of their own. */
  keep(channel: string, { key, offset, at }: KeyedEntry): void {
    if (key?.startsWith(APPLICATION_KEY) !== true) return;
    this.#published.set(channel + key, { offset, until: at + KEY_MS });
    if (this.#published.size <= MAX_KEYS) return;
    for (const oldest of this.#published.keys()) {
      this.#published.delete(oldest);
      return;
    }
  }

  offsetOf(channel: string, key: string, now: number): number | undefined {
    if (this.#published.size === 0) return undefined;
    const published = this.#published.get(channel + key);
    return published === undefined || published.until <= now ? undefined : published.offset;
  }

  sweep(now: number): void {
    for (const [key, { until }] of this.#published) if (until <= now) this.#published.delete(key);
  }
}

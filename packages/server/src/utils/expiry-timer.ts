import type { Clock } from "../types.ts";

/** The dependencies of {@link ExpiryTimer}. */
export interface ExpiryTimerParts<TItem> {
  readonly clock: Clock;
  /** How long an item stays before it expires, in ms. */
  readonly ms: number;
  readonly onExpire: (item: TItem) => void;
}

/** Expires items that were scheduled and not cancelled in time. One timer serves all items, because most are cancelled. */
export class ExpiryTimer<TItem> {
  readonly #parts: ExpiryTimerParts<TItem>;
  /** When each item is due, in the order in which the items were scheduled. */
  readonly #dueAt = new Map<TItem, number>();
  #timer: unknown = undefined;

  constructor(parts: ExpiryTimerParts<TItem>) {
    this.#parts = parts;
  }

  schedule(item: TItem): void {
    if (this.#dueAt.has(item)) return;
    const { clock, ms } = this.#parts;
    this.#dueAt.set(item, clock.now() + ms);
    this.#timer ??= clock.setTimeout(this.#tick, ms);
  }

  /** @returns whether the item was scheduled and has not expired */
  cancel(item: TItem): boolean {
    return this.#dueAt.delete(item);
  }

  clear(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueAt.clear();
  }

  readonly #tick = (): void => {
    const { clock, ms, onExpire } = this.#parts;
    this.#timer = undefined;
    const now = clock.now();
    for (const [item, dueAt] of this.#dueAt) {
      if (dueAt > now) {
        // An item may have been scheduled again meanwhile.
        clock.clearTimeout(this.#timer);
        // Never longer than the full time, even if the clock was set back.
        this.#timer = clock.setTimeout(this.#tick, Math.min(ms, dueAt - now));
        return;
      }
      this.#dueAt.delete(item);
      onExpire(item);
    }
  };
}

import type { Clock } from "../types.ts";

export interface LingerOptions<TItem> {
  readonly clock: Clock;
  readonly ms: number;
  readonly onExpire: (item: TItem) => void;
}

/** Lets go of what nobody has wanted for so long. One timer for all: most of what rests is wanted again at once. */
export class ExpiryTimer<TItem> {
  readonly #options: LingerOptions<TItem>;
  /** When each is due, which is the order in which they came. */
  readonly #dueAt = new Map<TItem, number>();
  #timer: unknown = undefined;

  constructor(options: LingerOptions<TItem>) {
    this.#options = options;
  }

  schedule(item: TItem): void {
    if (this.#dueAt.has(item)) return;
    const { clock, ms } = this.#options;
    this.#dueAt.set(item, clock.now() + ms);
    this.#timer ??= clock.setTimeout(this.#tick, ms);
  }

  cancel(item: TItem): void {
    this.#dueAt.delete(item);
  }

  clear(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueAt.clear();
  }

  readonly #tick = (): void => {
    const { clock, ms, onExpire } = this.#options;
    this.#timer = undefined;
    const now = clock.now();
    for (const [item, dueAt] of this.#dueAt) {
      if (dueAt > now) {
        // No longer than at first, whatever the clock was set to meanwhile.
        this.#timer = clock.setTimeout(this.#tick, Math.min(ms, dueAt - now));
        return;
      }
      this.#dueAt.delete(item);
      onExpire(item);
    }
  };
}

import type { Clock } from "../types.ts";

export interface LingerOptions<TItem> {
  readonly clock: Clock;
  readonly ms: number;
  readonly letGo: (item: TItem) => void;
}

/** Lets go of what nobody has wanted for so long. One timer for all: most of what rests is wanted again at once. */
export class Linger<TItem> {
  readonly #options: LingerOptions<TItem>;
  /** When each is due, which is the order in which they came. */
  readonly #due = new Map<TItem, number>();
  #timer: unknown = undefined;

  constructor(options: LingerOptions<TItem>) {
    this.#options = options;
  }

  start(item: TItem): void {
    if (this.#due.has(item)) return;
    const { clock, ms } = this.#options;
    this.#due.set(item, clock.now() + ms);
    this.#timer ??= clock.setTimeout(this.#tick, ms);
  }

  stop(item: TItem): void {
    this.#due.delete(item);
  }

  clear(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due.clear();
  }

  readonly #tick = (): void => {
    const { clock, ms, letGo } = this.#options;
    this.#timer = undefined;
    const now = clock.now();
    for (const [item, dueAt] of this.#due) {
      if (dueAt > now) {
        // No longer than at first, whatever the clock was set to meanwhile.
        this.#timer = clock.setTimeout(this.#tick, Math.min(ms, dueAt - now));
        return;
      }
      this.#due.delete(item);
      letGo(item);
    }
  };
}

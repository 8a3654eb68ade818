import type { Clock } from "../types.ts";

interface Slot<TItem> {
  latest: TItem | undefined;
  timer: unknown;
}

/** Lets one item per key through each so many milliseconds: the first at once, then the newest. */
export class KeyedThrottle<TItem> {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #slots = new Map<string, Slot<TItem>>();

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  call(key: string, item: TItem, deliver: (item: TItem) => void): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined) {
      slot.latest = item;
      return;
    }
    const opened: Slot<TItem> = { latest: undefined, timer: undefined };
    this.#slots.set(key, opened);
    this.#startTimer(key, opened, deliver);
    deliver(item);
  }

  clear(): void {
    for (const { timer } of this.#slots.values()) this.#clock.clearTimeout(timer);
    this.#slots.clear();
  }

  #startTimer(key: string, slot: Slot<TItem>, deliver: (item: TItem) => void): void {
    slot.timer = this.#clock.setTimeout(() => {
      const { latest } = slot;
      if (latest === undefined) {
        this.#slots.delete(key);
        return;
      }
      slot.latest = undefined;
      this.#startTimer(key, slot, deliver);
      deliver(latest);
    }, this.#everyMs);
  }
}

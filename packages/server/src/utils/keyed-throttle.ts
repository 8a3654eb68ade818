// Delivers the items of each key at most once per interval, and keeps the newest item, or all, in between.
// Used by ClientSends to thin out ephemeral messages.
// Guarantees: items of one key are delivered in order; the last one always is, even if its key ends; dropped items are counted.
import type { Clock } from "../types.ts";

/** How often items of a key are delivered, and how many of those in between are kept. */
export interface ThrottleRule {
  readonly intervalMs: number;
  /** How many items may wait for the end of the interval; above that, the oldest are dropped. */
  readonly kept: number;
}

/** The dependencies of {@link KeyedThrottle}. */
export interface KeyedThrottleParts<TItem> {
  readonly clock: Clock;
  /** @returns false if the item cannot be delivered now, so that it waits for another interval */
  readonly deliver: (item: TItem) => boolean;
  readonly onDropped: () => void;
}

interface Slot<TItem> {
  readonly waiting: TItem[];
  timer: unknown;
}

/** Delivers the first item of a key at once, and the kept items of each interval at its end. */
export class KeyedThrottle<TItem> {
  readonly #parts: KeyedThrottleParts<TItem>;
  readonly #slots = new Map<string, Slot<TItem>>();

  constructor(parts: KeyedThrottleParts<TItem>) {
    this.#parts = parts;
  }

  /** @param rule must be the same for all items of a key */
  add(key: string, item: TItem, rule: ThrottleRule): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#open(key, item, rule);
      return;
    }
    slot.waiting.push(item);
    if (slot.waiting.length <= rule.kept) return;
    slot.waiting.shift();
    this.#parts.onDropped();
  }

  /**
   * Ends the intervals of keys now, and delivers the waiting items; items that cannot be delivered are dropped, as no interval follows.
   *
   * @param isEnded selects the keys. @default all
   */
  end(isEnded: (key: string) => boolean = () => true): void {
    for (const [key, slot] of this.#slots) {
      if (!isEnded(key)) continue;
      this.#parts.clock.clearTimeout(slot.timer);
      this.#slots.delete(key);
      this.#deliverAll(slot);
      for (const _ of slot.waiting) this.#parts.onDropped();
    }
  }

  /** Drops everything that waits. */
  clear(): void {
    for (const { timer } of this.#slots.values()) this.#parts.clock.clearTimeout(timer);
    this.#slots.clear();
  }

  #open(key: string, item: TItem, rule: ThrottleRule): void {
    const opened: Slot<TItem> = { waiting: [], timer: undefined };
    this.#slots.set(key, opened);
    this.#startTimer(key, opened, rule);
    if (!this.#parts.deliver(item)) opened.waiting.push(item);
  }

  #startTimer(key: string, slot: Slot<TItem>, rule: ThrottleRule): void {
    slot.timer = this.#parts.clock.setTimeout(() => {
      if (slot.waiting.length === 0) {
        this.#slots.delete(key);
        return;
      }
      this.#startTimer(key, slot, rule);
      this.#deliverAll(slot);
    }, rule.intervalMs);
  }

  #deliverAll({ waiting }: Slot<TItem>): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (!this.#parts.deliver(next)) return;
      waiting.shift();
    }
  }
}

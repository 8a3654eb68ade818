// Lets items of each key through one interval apart, and keeps the newest or all that come in between.
// The queue of a connection's messages thins ephemeral ones out with it.
// Guarantees: items of one key go through in order; the last one always does, also of a key that ends; what is dropped is counted.
import type { Clock } from "../types.ts";

/** How often items of a key go through, and what becomes of those in between. */
export interface ThrottleRule {
  readonly intervalMs: number;
  /** How many items may wait for the end of the interval; of more, the oldest are dropped. */
  readonly kept: number;
}

/** What {@link KeyedThrottle} uses. */
export interface KeyedThrottleParts<TItem> {
  readonly clock: Clock;
  /** @returns false when the item cannot be taken now: it waits for another interval */
  readonly deliver: (item: TItem) => boolean;
  readonly onDropped: () => void;
}

interface Slot<TItem> {
  readonly waiting: TItem[];
  timer: unknown;
}

/** Delivers the first item of a key at once, and what is kept of each interval at its end. */
export class KeyedThrottle<TItem> {
  readonly #parts: KeyedThrottleParts<TItem>;
  readonly #slots = new Map<string, Slot<TItem>>();

  constructor(parts: KeyedThrottleParts<TItem>) {
    this.#parts = parts;
  }

  /** @param rule the same for all items of the key */
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
   * Ends the intervals of keys now, and delivers what waits for them; what cannot be taken is dropped, as no interval follows.
   *
   * @param isEnded which keys. @default all
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

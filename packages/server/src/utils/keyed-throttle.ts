import type { Clock } from "../types.ts";

type Task = () => void;

interface Slot {
  latest: Task | undefined;
  timer: unknown;
}

/** Runs one task per key and interval: the first at once, then the newest of each interval. The others are dropped. */
export class KeyedThrottle {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #slots = new Map<string, Slot>();

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  run(key: string, task: Task): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined) {
      slot.latest = task;
      return;
    }
    const opened: Slot = { latest: undefined, timer: undefined };
    this.#slots.set(key, opened);
    this.#startTimer(key, opened);
    task();
  }

  clear(): void {
    for (const { timer } of this.#slots.values()) this.#clock.clearTimeout(timer);
    this.#slots.clear();
  }

  #startTimer(key: string, slot: Slot): void {
    slot.timer = this.#clock.setTimeout(() => {
      const { latest } = slot;
      if (latest === undefined) {
        this.#slots.delete(key);
        return;
      }
      slot.latest = undefined;
      this.#startTimer(key, slot);
      latest();
    }, this.#intervalMs);
  }
}

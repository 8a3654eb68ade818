// A queue of the presence operations of one node. NodeBackplane adds batches of them.
// The queue repeats each batch until it has taken effect, and only then sends the next one.
// Guarantee: operations take effect in their order, also over a faulty link, and the promise of a batch resolves when it has.
import type { Clock, Eviction, PresenceOp } from "@halyard/server";
import { HalyardError } from "@halyard/protocol/wire";

interface Batch {
  readonly ops: readonly PresenceOp[];
  readonly settle: {
    readonly resolve: (evictions: readonly Eviction[]) => void;
    readonly reject: (error: unknown) => void;
  };
}

export interface PresenceQueueParts {
  readonly clock: Clock;
  /** Applies the operations of one batch in the store. Rejects if they may or may not have taken effect. */
  readonly apply: (ops: readonly PresenceOp[], batch: number) => Promise<readonly Eviction[]>;
}

/** The longest wait of `stop` for the last operations, in ms. */
const DEADLINE_MS = 3_500;
const RETRY_MS = 100;

/** Sends presence operations one batch at a time. */
export class PresenceQueue {
  readonly #parts: PresenceQueueParts;
  readonly #batches: Batch[] = [];
  /** How many batches have taken effect. */
  #applied = 0;
  #isSending = false;
  #isStopped = false;
  #idle: (() => void)[] = [];

  constructor(parts: PresenceQueueParts) {
    this.#parts = parts;
  }

  add(ops: readonly PresenceOp[]): Promise<readonly Eviction[]> {
    if (this.#isStopped) return Promise.reject(new HalyardError("unavailable"));
    return new Promise((resolve, reject) => {
      this.#batches.push({ ops, settle: { resolve, reject } });
      void this.#send();
    });
  }

  /** Resolves when all added operations have taken effect, or after the deadline. */
  async stop(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#batches.length > 0)
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, DEADLINE_MS);
        this.#idle.push(() => {
          clock.clearTimeout(timer);
          resolve();
        });
      });
    this.#isStopped = true;
    for (const { settle } of this.#batches.splice(0)) settle.reject(new HalyardError("unavailable"));
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let batch = this.#batches[0]; batch !== undefined && !this.#isStopped; batch = this.#batches[0]) {
      try {
        batch.settle.resolve(await this.#parts.apply(batch.ops, this.#applied));
        this.#applied++;
        this.#batches.shift();
      } catch {
        await new Promise<void>((resolve) => this.#parts.clock.setTimeout(resolve, RETRY_MS));
      }
    }
    this.#isSending = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

// Detects on each new connection which channels have lost messages, by comparing the store with what this process has
// seen, and tells every node.
// Used by redis-backplane.ts. See scripts/verify.lua.
// Guarantee: a channel that has lost a message which this process has seen continues with a gap for all earlier positions; a
// channel that has lost nothing continues without one.
import type { Clock } from "@halyard/server";
import type { DirectCalls } from "../link/direct-calls.ts";
import type { Keys } from "../scripts/keys.ts";
import type { Scripts } from "../scripts/scripts.ts";
import { CHANNEL_MS } from "./channel-log.ts";
import { SeenPositions } from "./seen-positions.ts";

export interface LossesParts {
  readonly clock: Clock;
  readonly keys: Keys;
  readonly scripts: Scripts;
  /** Called when positions in these channels may be followed by a gap. */
  readonly onInterrupted: (channels: readonly string[]) => void;
}

/** Commands and pushes use separate connections, which may lead to different servers for a while. */
export type Way = "commands" | "pushes";

interface Batch {
  readonly keys: string[];
  readonly values: string[];
}

/** Sent instead of a message of the channel: see scripts/verify.lua. */
export const LOST = "!";
/** How many channels one call compares, so that Redis is never busy for longer than about 0.5 ms. */
const BATCH = 128;
/** How long lost channels are collected before they are read together. */
const TOGETHER_MS = 50;

/** Finds lost messages. */
export class Losses {
  readonly seen = new SeenPositions();
  readonly #parts: LossesParts;
  /** By connection, the incarnation of the store in which everything seen so far was found. */
  readonly #checked = new Map<Way, string>();
  /** Whether anything was pushed since the last check of the command connection began. */
  #hasPushed = false;
  readonly #told = new Set<string>();
  #timer: unknown;

  constructor(parts: LossesParts) {
    this.#parts = parts;
  }

  /** Compares what was seen with the store, unless the store is the same as at the last check. */
  async check(way: Way, calls: DirectCalls): Promise<void> {
    if (way === "commands") this.#hasPushed = false;
    else if (!this.#hasPushed) return;
    const checked = this.#checked.get(way) ?? "";
    const { scripts } = this.#parts;
    let current: string | undefined;
    for (const { keys, values } of this.#batches()) {
      const answer = await calls.run(scripts.verify, {
        keys,
        values: [checked, String(CHANNEL_MS), ...values],
      });
      current ??= String(answer);
      if (current === checked) return;
    }
    if (current !== undefined) this.#checked.set(way, current);
  }

  /** Call when a message was pushed. */
  notePushed(channel: string, epoch: string, off: number): void {
    this.#hasPushed = true;
    this.seen.note(channel, epoch, off);
  }

  /** Call when a process reports that a channel has lost messages. */
  hear(channel: string): void {
    this.#told.add(channel);
    this.#timer ??= this.#parts.clock.setTimeout(() => {
      this.#timer = undefined;
      const channels = [...this.#told];
      this.#told.clear();
      this.#parts.onInterrupted(channels);
    }, TOGETHER_MS);
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Splits the seen channels into batches of one partition each. */
  *#batches(): Generator<Batch> {
    const partitions = new Map<string, Batch>();
    for (const [channel, { epoch: seenEpoch, off }] of this.seen) {
      const { epoch, state, log, messages } = this.#parts.keys.channel(channel);
      const batch = partitions.get(epoch) ?? { keys: [epoch], values: [] };
      partitions.set(epoch, batch);
      batch.keys.push(state, log);
      batch.values.push(seenEpoch, String(off), messages);
      if (batch.keys.length < 2 * BATCH) continue;
      partitions.delete(epoch);
      yield batch;
    }
    yield* partitions.values();
  }
}

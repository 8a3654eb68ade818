// Renews the time for which the positions of followed channels are stored, once a day. Created by redis-backplane.ts.
// Guarantee: a channel that any node follows keeps its position, however rarely a message is published in it. The next message would
// have no predecessor otherwise, and every subscriber would get a gap in its place.
import type { Clock } from "@halyard/server";
import type { Calls } from "../link/calls.ts";
import type { Keys } from "../scripts/keys.ts";
import { CHANNEL_MS } from "./channel-log.ts";

export interface KeptPositionsParts {
  readonly calls: Pick<Calls, "transaction">;
  readonly clock: Clock;
  readonly keys: Keys;
}

const RENEWED_MS = CHANNEL_MS / 7;
/** How many positions one call renews, so that Redis is never busy for longer than about 0.5 ms. */
const BATCH = 128;

/** Keeps the positions of the channels that this node follows. */
export class KeptPositions {
  readonly #parts: KeptPositionsParts;
  #timer: unknown;
  #isStopped = false;

  constructor(parts: KeptPositionsParts) {
    this.#parts = parts;
  }

  /** @param followed the channels of pub/sub that this node follows, at the time of the call */
  start(followed: () => Iterable<string>): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.setTimeout(() => {
      void this.#renew([...followed()]).then(() => {
        this.start(followed);
      });
    }, RENEWED_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.clock.clearTimeout(this.#timer);
  }

  /** Never rejects: what could not be renewed is renewed a day later, and is stored for six more days. */
  async #renew(followed: readonly string[]): Promise<void> {
    const { calls, keys } = this.#parts;
    const renewals = followed.flatMap((messages) => {
      const channel = keys.channelOf(messages);
      return channel === undefined ? [] : [["PEXPIRE", keys.channel(channel).state, String(CHANNEL_MS)]];
    });
    for (let start = 0; start < renewals.length && !this.#isStopped; start += BATCH)
      await calls.transaction(renewals.slice(start, start + BATCH)).catch(() => {});
  }
}

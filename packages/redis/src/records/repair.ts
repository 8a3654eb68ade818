// What is made good on each new connection, before the application uses it: messages that the store has lost are told, and the
// marks of this process that it has lost are stored again. Used by redis-backplane.ts.
import type { BackplaneHandlers, Clock } from "@halyard/server";
import { callsOn } from "../link/direct-calls.ts";
import type { RedisClient } from "../common/redis-client.ts";
import { Losses } from "./losses.ts";
import type { LossesParts, Way } from "./losses.ts";
import type { NodeMessages } from "./node-messages.ts";
import { RecentMarks } from "./recent-marks.ts";
import { Records } from "./records.ts";
import type { RecordsParts } from "./records.ts";

export interface RepairParts extends Omit<LossesParts, "onInterrupted">, Omit<RecordsParts, "calls"> {
  readonly handlers: () => BackplaneHandlers | undefined;
  readonly messages: NodeMessages;
}

/** What takes longer goes on beside the calls of the application, ms: what was seen last comes first. */
const HOLD_MS = 2_000;

/** Makes good what the store has lost. */
export class Repair {
  readonly losses: Losses;
  readonly marks: RecentMarks;
  readonly #parts: RepairParts;

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.losses = new Losses({
      ...parts,
      onInterrupted: (channels) => parts.handlers()?.onInterrupted(channels),
    });
    this.marks = new RecentMarks(parts.clock);
  }

  /** @param way the connection that is new @param client that for commands */
  async run(way: Way, client: RedisClient): Promise<void> {
    const calls = callsOn(client);
    const records = new Records({ ...this.#parts, calls });
    const done = Promise.all([
      this.losses.check(way, calls),
      this.marks.restore(records, (mark) => this.#parts.messages.revoked(mark)),
    ]);
    await Promise.race([done, after(this.#parts.clock, HOLD_MS, done)]);
  }
}

/** Resolves after some time, unless what it bounds has ended before. */
function after(clock: Clock, ms: number, bounded: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, ms);
    const end = (): void => {
      clock.clearTimeout(timer);
    };
    bounded.then(end, end);
  });
}

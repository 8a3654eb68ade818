// Repairs what the store has lost, on each new connection before the application uses it: lost messages are reported, and the
// lost marks of this process, and the settings of the nodes, are stored again. Used by redis-backplane.ts.
import type { BackplaneHandlers, Clock } from "@halyard/server";
import { callsOn } from "../link/direct-calls.ts";
import { settingsOf } from "../link/setup.ts";
import type { CheckedOptions } from "../options.ts";
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
  readonly options: CheckedOptions;
}

/**
 * How long a connection is held back for the repair, in ms; a longer repair continues in parallel with the application's
 * calls. Recently seen channels come first.
 */
const HOLD_MS = 2_000;

/** Repairs what the store has lost. */
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

  /** @param way which connection is new @param client the client for commands */
  async run(way: Way, client: RedisClient): Promise<void> {
    const calls = callsOn(client);
    const { keys, options } = this.#parts;
    const records = new Records({ ...this.#parts, calls });
    const done = Promise.all([
      calls.command(["SET", keys.settings, settingsOf(options), "NX"]),
      this.losses.check(way, calls),
      this.marks.restore(records, (mark) => this.#parts.messages.revoked(mark)),
    ]);
    await Promise.race([done, after(this.#parts.clock, HOLD_MS, done)]);
  }
}

/** Resolves after `ms`. The timer is cleared when `bounded` ends earlier. */
function after(clock: Clock, ms: number, bounded: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, ms);
    const end = (): void => {
      clock.clearTimeout(timer);
    };
    bounded.then(end, end);
  });
}

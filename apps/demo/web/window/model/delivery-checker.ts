// Counts what became of every line, from what the two panes really wrote and really got.
// The lines of a guest are numbered from 1, so a hole is a loss, and a number that comes again is a double.
import { GUESTS } from "../../../shared/visit.ts";
import type { Guest } from "../../../shared/visit.ts";

/** How a line came that was missed: `replayed` by the server, or `loaded` from the history. */
export type Recovery = "replayed" | "loaded";

/** How a line came. `live`: as it was written. */
export type Arrival = "live" | Recovery;

/** All lines of the visit so far. */
export interface Score {
  readonly written: number;
  /** Each line should reach two panes: how many of these deliveries were seen. */
  readonly arrived: number;
  readonly lost: number;
  readonly doubled: number;
}

/** The newest line of each guest at a moment. */
export type Progress = Readonly<Record<Guest, number>>;

/** What one pane got of the lines of one guest. */
interface Inbox {
  /** How often each number was delivered by the socket; 0 for one that was read from the history. */
  readonly deliveries: Map<number, number>;
  highest: number;
  /** Numbers that were waited for in vain. */
  readonly givenUp: Set<number>;
}

export class DeliveryChecker {
  readonly #written: Record<Guest, Set<number>> = { you: new Set(), companion: new Set() };
  readonly #inboxes: Record<Guest, Record<Guest, Inbox>> = {
    you: { you: newInbox(), companion: newInbox() },
    companion: { you: newInbox(), companion: newInbox() },
  };

  /** A guest has written a line. A line that is tried again is the same line. */
  onWritten(writer: Guest, number: number): void {
    this.#written[writer].add(number);
  }

  /** A pane has got a line. @returns whether the line is new to the pane */
  onArrived(reader: Guest, writer: Guest, { number, how }: { number: number; how: Arrival }): boolean {
    const { deliveries } = this.#inboxes[reader][writer];
    const before = deliveries.get(number);
    if (how === "loaded") deliveries.set(number, before ?? 0);
    else deliveries.set(number, (before ?? 0) + 1);
    const inbox = this.#inboxes[reader][writer];
    inbox.highest = Math.max(inbox.highest, number);
    return before === undefined;
  }

  /** The newest line of each guest. */
  progress(): Progress {
    return { you: Math.max(0, ...this.#written.you), companion: Math.max(0, ...this.#written.companion) };
  }

  /** Whether both panes have every line up to here. */
  hasEverything(upTo: Progress): boolean {
    return this.#missing(upTo).length === 0;
  }

  /** Ends the wait for the lines up to here: a line that is missing counts as lost. */
  giveUp(upTo: Progress): void {
    for (const { inbox, number } of this.#missing(upTo)) inbox.givenUp.add(number);
  }

  /** How many of these lines of a guest the other pane got exactly once. */
  countDeliveredOnce(writer: Guest, numbers: readonly number[]): number {
    const { deliveries } = this.#inboxes[writer === "you" ? "companion" : "you"][writer];
    return numbers.filter(
      (number) => (deliveries.get(number) ?? -1) >= 0 && (deliveries.get(number) ?? 0) <= 1,
    ).length;
  }

  score(): Score {
    const pairs = GUESTS.flatMap((reader) => GUESTS.map((writer) => ({ reader, writer })));
    const score = { written: 0, arrived: 0, lost: 0, doubled: 0 };
    for (const writer of GUESTS) score.written += this.#written[writer].size;
    for (const { reader, writer } of pairs) {
      const { deliveries, highest, givenUp } = this.#inboxes[reader][writer];
      score.arrived += deliveries.size;
      for (const times of deliveries.values()) score.doubled += Math.max(0, times - 1);
      // Lines of one guest arrive in order: one that a later line has overtaken will not come.
      for (const number of this.#written[writer])
        if (!deliveries.has(number) && (number < highest || givenUp.has(number))) score.lost++;
    }
    return score;
  }

  #missing(upTo: Progress): { readonly inbox: Inbox; readonly number: number }[] {
    return GUESTS.flatMap((reader) =>
      GUESTS.flatMap((writer) => {
        const inbox = this.#inboxes[reader][writer];
        return [...this.#written[writer]]
          .filter((number) => number <= upTo[writer] && !inbox.deliveries.has(number))
          .map((number) => ({ inbox, number }));
      }),
    );
  }
}

function newInbox(): Inbox {
  return { deliveries: new Map(), highest: 0, givenUp: new Set() };
}

// Counts the deliveries of every line, from the lines that both panes have written and received.
// The lines of a guest are numbered from 1: a missing number is a loss, and a repeated one a double.
import { GUESTS } from "../../../shared/visit.ts";
import type { Guest } from "../../../shared/visit.ts";

/** The way in which a missed line arrived: `replayed` by the server, or `loaded` from the history. */
export type Recovery = "replayed" | "loaded";

/** The way in which a line arrived. `live`: when it was written. */
export type Arrival = "live" | Recovery;

/** The counts of all lines of the visit. */
export interface Score {
  readonly written: number;
  /** The number of deliveries, of which each line should have two, one per pane. */
  readonly arrived: number;
  readonly lost: number;
  readonly doubled: number;
}

/** The number of the newest line of each guest at one time. */
export type Progress = Readonly<Record<Guest, number>>;

/** The lines of one guest that one pane has received. */
interface Inbox {
  /** The number of deliveries of each line over the socket; 0 for a line from the history. */
  readonly deliveries: Map<number, number>;
  highest: number;
  /** The numbers of lines that did not arrive in time. */
  readonly givenUp: Set<number>;
}

export class DeliveryChecker {
  readonly #written: Record<Guest, Set<number>> = { you: new Set(), companion: new Set() };
  readonly #inboxes: Record<Guest, Record<Guest, Inbox>> = {
    you: { you: newInbox(), companion: newInbox() },
    companion: { you: newInbox(), companion: newInbox() },
  };

  /** Called when a guest has written a line. A line that is sent again is the same line. */
  onWritten(writer: Guest, number: number): void {
    this.#written[writer].add(number);
  }

  /** Called when a pane has received a line. @returns whether the line is new to the pane */
  onArrived(reader: Guest, writer: Guest, { number, how }: { number: number; how: Arrival }): boolean {
    const { deliveries } = this.#inboxes[reader][writer];
    const before = deliveries.get(number);
    if (how === "loaded") deliveries.set(number, before ?? 0);
    else deliveries.set(number, (before ?? 0) + 1);
    const inbox = this.#inboxes[reader][writer];
    inbox.highest = Math.max(inbox.highest, number);
    return before === undefined;
  }

  /** The number of the newest line of each guest. */
  progress(): Progress {
    return { you: Math.max(0, ...this.#written.you), companion: Math.max(0, ...this.#written.companion) };
  }

  /** Whether both panes have all lines up to these numbers. */
  hasEverything(upTo: Progress): boolean {
    return this.#missing(upTo).length === 0;
  }

  /** Ends the wait for the lines up to these numbers: missing lines count as lost. */
  giveUp(upTo: Progress): void {
    for (const { inbox, number } of this.#missing(upTo)) inbox.givenUp.add(number);
  }

  /** The number of lines of a guest that the other pane has received exactly once. */
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
      // Lines of a guest arrive in order, so a line with a later one before it is lost.
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

import type { Violation, ViolationKind } from "./delivery-event.ts";

/** Whom a violation concerns. */
export type Place = Pick<Violation, "client" | "channel">;

/** What was found in a log so far. */
export class Findings {
  readonly violations: Violation[] = [];
  /** All of them, also those that are not kept. */
  count = 0;
  /** How many events were looked at. */
  events = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  report(kind: ViolationKind, { client, channel }: Place, message: string): void {
    this.count++;
    if (this.violations.length < this.#max) {
      this.violations.push({ kind, client, channel, message, event: this.events });
    }
  }

  reportGaps(place: Place, offsets: Iterable<number>): void {
    for (const offset of offsets)
      this.report("gap", place, `${offset} was left out, and no gap was announced`);
  }
}

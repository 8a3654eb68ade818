import type { Violation, ViolationKind } from "./delivery-event.ts";

/** The client and the channel that a violation concerns. */
export type ClientChannel = Pick<Violation, "client" | "channel">;

/** The violations that were found in a log so far. */
export class ViolationList {
  readonly violations: Violation[] = [];
  /** The number of all violations, also of those that are not kept. */
  count = 0;
  /** How many events of the log were checked. */
  events = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  report(kind: ViolationKind, { client, channel }: ClientChannel, message: string): void {
    this.count++;
    if (this.violations.length < this.#max) {
      this.violations.push({ kind, client, channel, message, event: this.events });
    }
  }

  reportGaps(where: ClientChannel, offsets: Iterable<number>): void {
    for (const offset of offsets)
      this.report("gap", where, `${offset} was left out, and no gap was announced`);
  }
}

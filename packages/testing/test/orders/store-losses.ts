// What a store loses that goes back or is emptied, and which findings of the delivery checker it explains.
// The world tells it of each loss and of each run of a handler.
import type { Violation } from "../../src/delivery/delivery-event.ts";

/** A node that has no reply to a publish for this time begins again, with the hook and the same idempotency key. */
const PUBLISH_REPEATED_MS = 10_000;

/** After this time the end of a handler's run is stored. */
const SETTLED_MS = 1_000;

/** The losses of a store. */
export class StoreLosses {
  readonly #rewinds: { readonly at: number; readonly to: number }[] = [];
  #wasEmptied = false;
  /** When a handler began, by message and node. */
  readonly #runs = new Map<string, number[]>();

  get isEmpty(): boolean {
    return this.#rewinds.length === 0 && !this.#wasEmptied;
  }

  wentBack(at: number, ms: number): void {
    this.#rewinds.push({ at, to: at - ms });
  }

  emptied(): void {
    this.#wasEmptied = true;
  }

  /** @param run the message and the node, with a space between them */
  handled(run: string, at: number): void {
    const times = this.#runs.get(run);
    if (times === undefined) this.#runs.set(run, [at]);
    else times.push(at);
  }

  /**
   * A store that went back has forgotten messages that came, and has stored others a second time. Until its nodes notice,
   * it also tells of users a second time that they have left. One that was emptied has forgotten messages before they came,
   * and stores one again whose receipt was lost.
   *
   * @param stored the messages that the store has in the end, as channel and offset, and as channel and id
   */
  explain({ channel, message }: Violation, stored: ReadonlySet<string>): boolean {
    const [, id, node] = /^(\S+) was handled twice on (\S+)$/.exec(message) ?? [];
    const run = id === undefined || node === undefined ? undefined : `${id} ${node}`;
    if (run !== undefined && this.#wasUnconfirmed(run)) return true;
    if (this.isEmpty) return false;
    if (message.includes(" stands at ")) return true;
    const [offset] = /^\d+/.exec(message) ?? [];
    const isForgotten = offset !== undefined && !stored.has(`${channel} ${offset}`);
    if (isForgotten && / was acknowledged to \S+, and nobody got it$/.test(message)) return true;
    if (this.#rewinds.length === 0) return false;
    if (run !== undefined) return this.#hasForgotten(run);
    return isForgotten || message.endsWith(" left, and was not there already");
  }

  /**
   * What came to a client, without what waited for a gap listener when the connection was lost, and was forgotten before
   * the client asked for it again.
   */
  withoutForgotten(
    came: readonly string[],
    { heard, isStored }: { readonly heard: readonly string[]; readonly isStored: (id: string) => boolean },
  ): readonly string[] {
    if (this.#rewinds.length === 0) return came;
    return came.filter((id) => heard.includes(id) || isStored(id));
  }

  /** Whether the node had no reply to the publish of each run but the last for as long as it repeats one. */
  #wasUnconfirmed(run: string): boolean {
    const times = this.#runs.get(run) ?? [];
    return times.slice(1).every((second, index) => second - (times[index] ?? 0) >= PUBLISH_REPEATED_MS);
  }

  /** Whether between any two runs the store went back to a time at which the end of the first one was not stored. */
  #hasForgotten(run: string): boolean {
    const times = this.#runs.get(run) ?? [];
    return times.slice(1).every((second, index) => {
      const first = times[index] ?? 0;
      return this.#rewinds.some(({ at, to }) => first <= at && at <= second && to <= first + SETTLED_MS);
    });
  }
}

/** The id of a stored message. */
export function idIn(envelope: string): string {
  return /"id":"([^"]+)"/.exec(envelope)?.[1] ?? "";
}

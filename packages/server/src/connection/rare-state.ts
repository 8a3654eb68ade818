import type { Coalescer } from "../utils/keyed-throttle.ts";
import type { Moves } from "../utils/keyed-serial-queue.ts";
import type { Questions } from "./server-requests.ts";
import type { Received } from "../messages/client-sends.ts";
import type { Strikes } from "../security/violation-counters.ts";

export interface Waiting {
  readonly texts: string[];
  bytes: number;
}

class Some {
  ephemeral: Coalescer<Received> | undefined = undefined;
  questions: Questions | undefined = undefined;
  moves: Moves | undefined = undefined;
  invited: Set<string> | undefined = undefined;
  waiting: Waiting | undefined = undefined;
  unfinishedSince: number | undefined = undefined;
  strikes: Strikes | undefined = undefined;
}

/** What most connections never have, so that they keep no room for it. */
export class Seldom {
  #some: Some | undefined = undefined;

  get ephemeral(): Coalescer<Received> | undefined {
    return this.#some?.ephemeral;
  }
  set ephemeral(ephemeral: Coalescer<Received> | undefined) {
    if (ephemeral !== undefined || this.#some !== undefined) this.#own.ephemeral = ephemeral;
  }

  /** What the server has asked it. */
  get questions(): Questions | undefined {
    return this.#some?.questions;
  }
  set questions(questions: Questions | undefined) {
    if (questions !== undefined || this.#some !== undefined) this.#own.questions = questions;
  }

  /** Joins and leaves that are under way. */
  get moves(): Moves | undefined {
    return this.#some?.moves;
  }
  set moves(moves: Moves | undefined) {
    if (moves !== undefined || this.#some !== undefined) this.#own.moves = moves;
  }

  /** Rooms that the server put it into before it was open. */
  get invited(): Set<string> | undefined {
    return this.#some?.invited;
  }
  set invited(invited: Set<string> | undefined) {
    if (invited !== undefined || this.#some !== undefined) this.#own.invited = invited;
  }

  /** Frames that came during `opening`. */
  get waiting(): Waiting | undefined {
    return this.#some?.waiting;
  }
  set waiting(waiting: Waiting | undefined) {
    if (waiting !== undefined || this.#some !== undefined) this.#own.waiting = waiting;
  }

  /** Since when a message of the peer has begun and not ended, as far as ticks have seen. */
  get unfinishedSince(): number | undefined {
    return this.#some?.unfinishedSince;
  }
  set unfinishedSince(unfinishedSince: number | undefined) {
    if (unfinishedSince !== undefined || this.#some !== undefined)
      this.#own.unfinishedSince = unfinishedSince;
  }

  get strikes(): Strikes | undefined {
    return this.#some?.strikes;
  }
  set strikes(strikes: Strikes | undefined) {
    if (strikes !== undefined || this.#some !== undefined) this.#own.strikes = strikes;
  }

  get #own(): Some {
    return (this.#some ??= new Some());
  }
}

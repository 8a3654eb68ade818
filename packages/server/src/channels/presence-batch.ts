// The changes of a presence list that have not been announced yet. Called by presence-view.ts.
// Guarantee: for the readers of the batches, joins and leaves of a user alternate. A user who joins and leaves within one batch is
// not in it; one who leaves and returns has left, and then joined.
import type { PresenceEvent, RosterEntry } from "../backplane.ts";
import { publicUserJson } from "./presence-frames.ts";

type Change =
  | { readonly kind: "joined" | "updated" | "returned"; readonly entry: RosterEntry }
  | { readonly kind: "left" };

/** What a batch says: users as JSON text, and how many there are. Those who left are told first. */
export interface BatchedChanges {
  readonly joined: readonly string[];
  readonly left: readonly string[];
  readonly total: number;
}

/** Changes, one for each user. */
export class PresenceBatch {
  #changes = new Map<string, Change>();
  #total = 0;

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  add(event: PresenceEvent): void {
    this.#total = event.total;
    const user = event.kind === "left" ? event.user : event.entry.user;
    const earlier = this.#changes.get(user)?.kind;
    if (event.kind === "joined")
      this.#changes.set(user, { kind: kindOfJoin(earlier, event.isNew), entry: event.entry });
    else if (earlier === "joined") this.#changes.delete(user);
    else this.#changes.set(user, { kind: "left" });
  }

  /** Empties the batch. */
  take(): BatchedChanges {
    const joined: string[] = [];
    const left: string[] = [];
    for (const [user, change] of this.#changes) {
      if (change.kind === "left" || change.kind === "returned") left.push(JSON.stringify(user));
      if (change.kind !== "left") joined.push(publicUserJson(change.entry));
    }
    this.#changes = new Map();
    return { joined, left, total: this.#total };
  }
}

/** @param earlier what the batch says of the user so far */
function kindOfJoin(earlier: Change["kind"] | undefined, isNew: boolean): "joined" | "updated" | "returned" {
  if (earlier === undefined) return isNew ? "joined" : "updated";
  return earlier === "left" ? "returned" : earlier;
}

// Collects the changes of a presence list that have not been announced yet. Called by presence-announcer.ts.
// Guarantee: for readers of the batches, joins and leaves of a user alternate. A user who joins and leaves within one batch is
// not in it; one who leaves and returns is announced as left and then joined. What is announced about a user is never outdated.

import type { PresenceEvent, RosterEntry } from "../backplane.ts";

type Change =
  | { readonly kind: "joined" | "updated" | "returned"; readonly entry: RosterEntry }
  | { readonly kind: "left" };

/** The content of a batch. Users who left are announced first. */
export interface BatchedChanges {
  readonly joined: readonly RosterEntry[];
  readonly left: readonly string[];
  readonly total: number;
}

/** The changes, one for each user. Changes of only a state are kept separately, because they are announced sooner. */
export class PresenceBatch {
  #changes = new Map<string, Change>();
  #states = new Map<string, RosterEntry>();
  #total = 0;

  /** Whether there are no changes except those of states. */
  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  get hasStates(): boolean {
    return this.#states.size > 0;
  }

  /** The number of users after the latest event. */
  get total(): number {
    return this.#total;
  }

  add(event: PresenceEvent): void {
    this.#total = event.total;
    const user = event.kind === "left" ? event.user : event.entry.user;
    const earlier = this.#changes.get(user)?.kind;
    // A waiting change of the user includes the state.
    if (event.kind === "joined" && event.isStateOnly === true && earlier === undefined) {
      this.#states.set(user, event.entry);
      return;
    }
    this.#states.delete(user);
    if (event.kind === "joined")
      this.#changes.set(user, { kind: kindOfJoin(earlier, event.isNew), entry: event.entry });
    else if (earlier === "joined") this.#changes.delete(user);
    else this.#changes.set(user, { kind: "left" });
  }

  /** Takes all changes except those of states. */
  take(): BatchedChanges {
    const joined: RosterEntry[] = [];
    const left: string[] = [];
    for (const [user, change] of this.#changes) {
      if (change.kind === "left" || change.kind === "returned") left.push(user);
      if (change.kind !== "left") joined.push(change.entry);
    }
    this.#changes = new Map();
    return { joined, left, total: this.#total };
  }

  /** Takes the changes of states. @returns the users whose states have changed */
  takeStates(): readonly RosterEntry[] {
    const states = [...this.#states.values()];
    this.#states = new Map();
    return states;
  }
}

/** @param earlier the user's change in the batch so far */
function kindOfJoin(earlier: Change["kind"] | undefined, isNew: boolean): "joined" | "updated" | "returned" {
  if (earlier === undefined) return isNew ? "joined" : "updated";
  return earlier === "left" ? "returned" : earlier;
}

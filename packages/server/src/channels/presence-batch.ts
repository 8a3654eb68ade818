// The changes of a presence list that have not been announced yet. Called by presence-view.ts.
// Guarantee: a user who joins and leaves within one batch is not in it.
import type { PresenceEvent, RosterEntry } from "../backplane.ts";
import { publicUserJson } from "./presence-frames.ts";

type Change =
  | { readonly kind: "joined"; readonly entry: RosterEntry; readonly isNew: boolean }
  | { readonly kind: "left" };

/** What a batch says: users as JSON text, and how many there are. */
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
    const earlier = this.#changes.get(user);
    if (event.kind === "joined") {
      const isNew = earlier?.kind === "joined" ? earlier.isNew : earlier === undefined && event.isNew;
      this.#changes.set(user, { kind: "joined", entry: event.entry, isNew });
    } else if (earlier?.kind === "joined" && earlier.isNew) this.#changes.delete(user);
    else this.#changes.set(user, { kind: "left" });
  }

  /** Empties the batch. */
  take(): BatchedChanges {
    const joined: string[] = [];
    const left: string[] = [];
    for (const [user, change] of this.#changes) {
      if (change.kind === "joined") joined.push(publicUserJson(change.entry));
      else left.push(JSON.stringify(user));
    }
    this.#changes = new Map();
    return { joined, left, total: this.#total };
  }
}

// The presence states of a client's user, shared by the hooks of one room.
// Called by `useMyPresence`, which adds a state in effects only. A state ends with its last component, but stays here: where the room
// is still joined, the next state of the room removes its fields.
// Another user who signs in on the same page begins with the initial state.
import type { Unsubscribe } from "@halyard/client";
import type { AnyClient, AnyRoom } from "../common/client-view.ts";
import { mapsByClient } from "../common/by-client.ts";
import { onAnotherUser } from "../common/on-another-user.ts";
import { ValueStore } from "../common/value-store.ts";

/** What the user of a client shows in one room. */
export class OwnState extends ValueStore<object> {
  readonly #initial: object;

  constructor(initial: object) {
    super(initial);
    this.#initial = initial;
  }

  /** The state, as long as a component shows it. */
  get shown(): this | undefined {
    return this.isWatched ? this : undefined;
  }

  /** The patch that removes every field of the state. */
  get removed(): object {
    return Object.fromEntries(Object.keys(this.get()).map((field) => [field, undefined]));
  }

  /** Shows the initial state when another user has signed in: the client has forgotten what the earlier one has shown. */
  followUser(client: AnyClient, room: AnyRoom): Unsubscribe {
    return onAnotherUser(client, () => {
      this.set(this.#initial);
      room.updatePresence(this.#initial);
    });
  }
}

/** The states of a client, by the name of the room. */
export const ownStatesOf = mapsByClient<OwnState>();

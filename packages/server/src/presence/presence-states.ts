// Sends the presence states of this node's connections to the backplane. Used by PresenceHub.
// Guarantees: of the states that a connection sets while one is being sent, only the newest is sent next; a state ends with the membership.
import { dateOf } from "@halyard/protocol/internal";
import type { ShownState } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { Clock } from "../types.ts";

interface PresenceStatesParts {
  readonly clock: Clock;
  /** With more users in a room, a change of a state is no event. */
  readonly announcedUsers: number;
  /** Declares the connection with its state. Resolves when that has taken effect, and never rejects. */
  readonly declare: (connection: Connection, room: string) => Promise<unknown>;
}

/** Sends the states of this node's connections. */
export class PresenceStates {
  readonly #parts: PresenceStatesParts;

  constructor(parts: PresenceStatesParts) {
    this.#parts = parts;
  }

  of({ presenceStates }: Connection, room: string): ShownState | undefined {
    return presenceStates?.get(room)?.state;
  }

  set(connection: Connection, room: string, json: string): void {
    const { announcedUsers, clock } = this.#parts;
    const state = { json, setAt: dateOf(clock), announcedUsers };
    connection.presenceStates ??= new Map();
    const known = connection.presenceStates.get(room);
    if (known === undefined) {
      connection.presenceStates.set(room, { state, isOnItsWay: true });
      void this.#declareUntilNewest(connection, room);
    } else {
      known.state = state;
      if (!known.isOnItsWay) void this.#declareUntilNewest(connection, room);
    }
  }

  end({ presenceStates }: Connection, room: string): void {
    presenceStates?.delete(room);
  }

  async #declareUntilNewest(connection: Connection, room: string): Promise<void> {
    const shown = connection.presenceStates?.get(room);
    let declared: ShownState | undefined;
    // The state object is a different one if the connection has left the room and joined it again meanwhile.
    while (shown !== undefined && connection.presenceStates?.get(room) === shown) {
      if (declared === shown.state) break;
      shown.isOnItsWay = true;
      declared = shown.state;
      await this.#parts.declare(connection, room);
    }
    if (shown !== undefined) shown.isOnItsWay = false;
  }
}

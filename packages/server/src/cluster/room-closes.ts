// Closes every connection in a room, on every node. Called by the manager, by publishers, and for instructions of other nodes.
// Guarantees: a closed connection loses the room even if the server gave it; `authorize` decides whether its user
// may join again. A node that is cut off from the backplane closes its connections when it is back.
import { CloseCode } from "@halyard/protocol/wire";
import type { ClientRooms } from "../connection/client-rooms.ts";
import type { Connection } from "../connection/connection.ts";
import type { DisconnectOptions } from "../types.ts";
import type { NodeInstructions, RoomClose } from "./node-instructions.ts";

/** The dependencies of {@link RoomCloses}. */
export interface RoomClosesParts {
  readonly clientRooms: Pick<ClientRooms, "take">;
  readonly instructions: Pick<NodeInstructions, "give">;
  /** The connections of this node that are in a room, and lost ones of which sends or requests still run or wait. */
  readonly membersOf: (room: string) => readonly Connection[];
  readonly onError: (error: unknown) => void;
}

/** Closes the connections in rooms. */
export class RoomCloses {
  readonly #parts: RoomClosesParts;

  constructor(parts: RoomClosesParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError `unavailable` by rejecting: the connections of this node are closed, other nodes may not know */
  async disconnectRoom(
    room: string,
    { code = CloseCode.Unauthenticated, reason = "" }: DisconnectOptions,
  ): Promise<void> {
    const close: RoomClose = { closeRoom: room, code, reason };
    this.closeHere(close);
    await this.#parts.instructions.give(close);
  }

  /** Closes the connections of this node. */
  closeHere({ closeRoom: room, code, reason }: RoomClose): void {
    const { clientRooms, membersOf, onError } = this.#parts;
    for (const connection of membersOf(room)) {
      // Before the close, because afterwards the rooms of the connection are not known.
      Promise.resolve(clientRooms.take(connection, room)).catch(onError);
      connection.close(code, reason);
    }
  }
}

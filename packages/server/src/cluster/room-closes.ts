// Closes every connection in a room, on every node. Called by the manager, by publishers, and for messages of other nodes.
// Guarantees: a closed connection loses the room even if the server gave it; `authorize` decides whether its user
// may join again. Nothing is stored: a node that is cut off from the backplane at that moment is not reached.
import { CloseCode } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import type { ClientRooms } from "../connection/client-rooms.ts";
import type { Connection } from "../connection/connection.ts";
import type { DisconnectOptions } from "../types.ts";
import { sendToOthers } from "./node-message.ts";
import type { RoomCloseMessage } from "./node-message.ts";

/** The dependencies of {@link RoomCloses}. */
export interface RoomClosesParts {
  readonly backplane: Pick<Backplane, "nodeId" | "nodes" | "send">;
  readonly clientRooms: Pick<ClientRooms, "take">;
  /** The connections of this node that are in a room. */
  readonly readersOf: (room: string) => readonly Connection[];
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
    const message: RoomCloseMessage = { closeRoom: room, code, reason };
    this.closeHere(message);
    await sendToOthers(this.#parts.backplane, message);
  }

  /** Closes the connections of this node. */
  closeHere({ closeRoom: room, code, reason }: RoomCloseMessage): void {
    const { clientRooms, onError, readersOf } = this.#parts;
    for (const connection of readersOf(room)) {
      // Before the close, because afterwards the rooms of the connection are not known.
      Promise.resolve(clientRooms.take(connection, room)).catch(onError);
      connection.close(code, reason);
    }
  }
}

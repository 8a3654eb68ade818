// Makes known on every node that the rights of a user have changed: a room is lost, or every right is to be asked for again.
// Called by the manager and by publishers; what other nodes change comes from the backplane.
// Guarantees: what is being decided for the user's connections at that moment is decided anew; clients that are away keep no right
// to the room. Nothing is stored of it: a node that is cut off from the backplane at that moment is not reached.
import type { Backplane } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";
import { sendToOthers } from "./node-message.ts";
import type { RightsMessage } from "./node-message.ts";

/** What {@link UserRights} uses. */
export interface UserRightsParts {
  readonly backplane: Pick<Backplane, "nodeId" | "nodes" | "send" | "takeRoom">;
  readonly connections: Pick<ConnectionTable, "ofUser">;
  readonly onError: (error: unknown) => void;
}

/** Changes what users may hold. */
export class UserRights {
  /** Takes a room from a connection, or asks for all that it holds. */
  onChanged: (connection: Connection, lostRoom: string | undefined) => MaybePromise<void> = () => {};
  readonly #parts: UserRightsParts;

  constructor(parts: UserRightsParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError `unavailable` by rejecting: the connections of this node are removed, other nodes may not know */
  async removeFromRoom(user: string, room: string): Promise<void> {
    const { backplane } = this.#parts;
    const message: RightsMessage = { rightsOf: user, lostRoom: room };
    this.changeHere(message);
    const takeRoom = (): Promise<void> => Promise.resolve(backplane.takeRoom({ user }, room));
    await repeatOnce(takeRoom(), takeRoom);
    // A client that has come back meanwhile may have read that the room is its own.
    this.changeHere(message);
    await sendToOthers(backplane, message);
  }

  /** @throws HalyardError `unavailable` by rejecting: this node asks, other nodes may not know */
  async reauthorize(user: string): Promise<void> {
    const message: RightsMessage = { rightsOf: user };
    this.changeHere(message);
    await sendToOthers(this.#parts.backplane, message);
  }

  /** Changes the rights of those of this node. */
  changeHere({ rightsOf, lostRoom }: RightsMessage): void {
    const { connections, onError } = this.#parts;
    for (const connection of connections.ofUser(rightsOf)) {
      connection.rightsVersion++;
      Promise.resolve(this.onChanged(connection, lostRoom)).catch(onError);
    }
  }
}

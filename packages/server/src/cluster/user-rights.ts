// Tells every node that the rights of a user have changed: a room is lost, or `authorize` must be asked again about everything.
// Called by the manager, by publishers, and for messages of other nodes.
// Guarantees: decisions about the user's connections that are under way are made again; clients that are away lose their right
// to the room. The change itself is not stored: a node that is cut off from the backplane at that moment is not reached.
import type { Backplane } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";
import { sendToOthers } from "./node-message.ts";
import type { RightsMessage } from "./node-message.ts";

/** The dependencies of {@link UserRights}. */
export interface UserRightsParts {
  readonly backplane: Pick<Backplane, "nodeId" | "nodes" | "send" | "takeRoom">;
  readonly connections: Pick<ConnectionTable, "ofUser">;
  readonly onError: (error: unknown) => void;
}

/** Changes the rights of users. */
export class UserRights {
  /** Takes a room from a connection, or reviews everything that it holds. */
  onChanged: (connection: Connection, lostRoom: string | undefined) => MaybePromise<void> = () => {};
  readonly #parts: UserRightsParts;

  constructor(parts: UserRightsParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError `unavailable` by rejecting: the connections of this node are removed, other nodes may not know of it */
  async removeFromRoom(user: string, room: string): Promise<void> {
    const { backplane } = this.#parts;
    const message: RightsMessage = { rightsOf: user, lostRoom: room };
    this.changeHere(message);
    const takeRoom = (): Promise<void> => Promise.resolve(backplane.takeRoom({ user }, room));
    await repeatOnce(takeRoom(), takeRoom);
    // A client that has reconnected meanwhile may still have read the room from the record.
    this.changeHere(message);
    await sendToOthers(backplane, message);
  }

  /** @throws HalyardError `unavailable` by rejecting: this node asks `authorize`, other nodes may not know of it */
  async reauthorize(user: string): Promise<void> {
    const message: RightsMessage = { rightsOf: user };
    this.changeHere(message);
    await sendToOthers(this.#parts.backplane, message);
  }

  /** Changes the rights of the user's connections to this node. */
  changeHere({ rightsOf, lostRoom }: RightsMessage): void {
    const { connections, onError } = this.#parts;
    for (const connection of connections.ofUser(rightsOf)) {
      connection.rightsVersion++;
      Promise.resolve(this.onChanged(connection, lostRoom)).catch(onError);
    }
  }
}

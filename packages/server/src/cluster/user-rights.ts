// Tells every node that the rights of a user have changed: a room is lost, or `authorize` must be asked again about everything.
// Called by the manager, by publishers, and for instructions of other nodes.
// Guarantees: decisions about the user's connections that are under way are made again; what a connection that has closed has left to
// run does not run in a lost room; clients that are away lose their right to the room. A node that is cut off from the backplane changes
// the rights of its connections when it is back.
import type { Backplane } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { Clock } from "../types.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";
import type { NodeInstructions, RightsChange } from "./node-instructions.ts";

/** The dependencies of {@link UserRights}. */
export interface UserRightsParts {
  readonly backplane: Pick<Backplane, "takeRoom">;
  readonly clock: Clock;
  readonly connections: Pick<ConnectionTable, "withLost" | "ofUserWithLost">;
  readonly instructions: Pick<NodeInstructions, "give">;
  readonly onError: (error: unknown) => void;
}

/** So many connections are reviewed at once, every so many ms, because `authorize` may ask a database. */
const REVIEWS_AT_ONCE = 100;
const REVIEW_MS = 100;

/** Changes the rights of users. */
export class UserRights {
  /** Takes a room from a connection, or reviews everything that it holds. */
  onChanged: (connection: Connection, lostRoom: string | undefined) => MaybePromise<void> = () => {};
  readonly #parts: UserRightsParts;
  #nextReview: unknown;

  constructor(parts: UserRightsParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError `unavailable` by rejecting: the connections of this node are removed, other nodes may not know of it */
  async removeFromRoom(user: string, room: string): Promise<void> {
    const { backplane, instructions } = this.#parts;
    const change: RightsChange = { rightsOf: user, lostRoom: room };
    this.changeHere(change);
    const takeRoom = (): Promise<void> => Promise.resolve(backplane.takeRoom({ user }, room));
    await repeatOnce(takeRoom(), takeRoom);
    // A client that has reconnected meanwhile may still have read the room from the record.
    this.changeHere(change);
    await instructions.give(change);
  }

  /** @throws HalyardError `unavailable` by rejecting: this node asks `authorize`, other nodes may not know of it */
  async reauthorize(user: string): Promise<void> {
    const change: RightsChange = { rightsOf: user };
    this.changeHere(change);
    await this.#parts.instructions.give(change);
  }

  /** Changes the rights of the user's connections to this node, and of lost ones whose sends and requests still run or wait. */
  changeHere({ rightsOf, lostRoom }: RightsChange): void {
    for (const connection of this.#parts.connections.ofUserWithLost(rightsOf))
      this.#change(connection, lostRoom);
  }

  /** Asks `authorize` again about every connection of this node, because changes may have been missed. */
  reviewAll(): void {
    this.#reviewNext(this.#parts.connections.withLost());
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#nextReview);
  }

  #reviewNext(connections: readonly Connection[]): void {
    const { clock } = this.#parts;
    clock.clearTimeout(this.#nextReview);
    for (const connection of connections.slice(0, REVIEWS_AT_ONCE)) this.#change(connection, undefined);
    const later = connections.slice(REVIEWS_AT_ONCE);
    if (later.length > 0) this.#nextReview = clock.setTimeout(() => this.#reviewNext(later), REVIEW_MS);
  }

  #change(connection: Connection, lostRoom: string | undefined): void {
    connection.rightsVersion++;
    Promise.resolve(this.onChanged(connection, lostRoom)).catch(this.#parts.onError);
  }
}

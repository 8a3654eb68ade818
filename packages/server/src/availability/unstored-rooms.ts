// The open connections whose given rooms may differ from the stored record of their client: after a store has lost data,
// or after a call with an unknown outcome. Used by ClientRooms, which knows which connections have a record.
// Guarantees: the record becomes equal to the rooms of the connection; one call runs at a time, with 200 clients and rooms or the
// rooms of one client; a call that fails with `unavailable` is made again when the backplane is back.
import type { Backplane, BackplaneRooms, ClientRef, RoomsOfClient } from "../backplane.ts";
import type { BackplaneMonitor } from "./backplane-monitor.ts";
import { isUnavailable } from "../utils/errors.ts";
import { whenAll } from "../utils/maybe-promise.ts";
import type { UnfinishedWelcome } from "./unfinished-welcome.ts";

/** A connection to which rooms may have been given. */
interface Holder {
  readonly id: string;
  readonly client: ClientRef;
  readonly stage: string;
  readonly givenRooms: ReadonlySet<string> | undefined;
  readonly unfinished: UnfinishedWelcome | undefined;
}

/** The dependencies of {@link UnstoredRooms}. */
export interface UnstoredRoomsParts<TConnection> {
  readonly backplane: Pick<Backplane, keyof BackplaneRooms>;
  readonly monitor: Pick<BackplaneMonitor, "suspect">;
  readonly onError: (error: unknown) => void;
  /** A record that has not been read yet cannot be replaced: it is read and extended when the backplane is back. */
  readonly readLater: (connection: TConnection) => void;
}

interface Stored<TConnection> extends RoomsOfClient {
  readonly connection: TConnection;
}

const STORED_AT_ONCE = 200;

/** Stores given rooms again. */
export class UnstoredRooms<TConnection extends Holder> {
  readonly #parts: UnstoredRoomsParts<TConnection>;
  readonly #connections = new Set<TConnection>();
  #isStoring = false;

  constructor(parts: UnstoredRoomsParts<TConnection>) {
    this.#parts = parts;
  }

  /** Marks the rooms of this connection to be stored by the next {@link store}. */
  add(connection: TConnection): void {
    this.#connections.add(connection);
  }

  /** Never rejects. */
  async store(): Promise<void> {
    if (this.#isStoring) return;
    this.#isStoring = true;
    let isUp = true;
    while (isUp && this.#connections.size > 0) isUp = await this.#storeSome();
    this.#isStoring = false;
  }

  /** @returns whether the backplane can be used */
  async #storeSome(): Promise<boolean> {
    const { monitor, onError } = this.#parts;
    const stored = this.#take();
    if (stored.length === 0) return true;
    try {
      await this.#setRooms(stored.map(({ connection: _, ...record }) => record));
    } catch (error) {
      if (!isUnavailable(error)) {
        onError(error);
        return true;
      }
      for (const { connection } of stored) this.add(connection);
      monitor.suspect();
      return false;
    }
    // Rooms that were given or taken during the call may have been stored before it.
    for (const { connection, rooms } of stored) if (!isSame(rooms, connection)) this.add(connection);
    return true;
  }

  async #setRooms(clients: readonly RoomsOfClient[]): Promise<void> {
    const { backplane } = this.#parts;
    if (backplane.setRooms !== undefined) return backplane.setRooms(clients);
    const given = clients.flatMap(({ user, client, rooms }) =>
      rooms.map((room) => backplane.giveRoom({ user, client }, room)),
    );
    await whenAll(given);
  }

  #take(): readonly Stored<TConnection>[] {
    const taken: Stored<TConnection>[] = [];
    let size = 0;
    for (const connection of this.#connections) {
      const { client: ref, givenRooms, id: connectionId } = connection;
      const isReplaceable = connection.stage === "open" && connection.unfinished?.hasUnreadRooms !== true;
      size += isReplaceable ? 1 + (givenRooms?.size ?? 0) : 0;
      if (size > STORED_AT_ONCE && taken.length > 0) break;
      this.#connections.delete(connection);
      if (isReplaceable) taken.push({ ...ref, connectionId, rooms: [...(givenRooms ?? [])], connection });
      else if (connection.stage !== "closed") this.#parts.readLater(connection);
    }
    return taken;
  }
}

/** Whether the connection still has the rooms that were stored. */
function isSame(rooms: readonly string[], { givenRooms }: Holder): boolean {
  return rooms.length === (givenRooms?.size ?? 0) && rooms.every((room) => givenRooms?.has(room) === true);
}

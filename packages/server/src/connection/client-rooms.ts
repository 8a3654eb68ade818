// The rooms that the server gave to clients, on their connections and in the stored record of each client, which outlives them.
// Called by Rooms when the application gives a room or a member leaves, and by the handshake before a welcome and after a ban.
// Guarantees: a client keeps a given room on its next connection, on any node, until the room is taken back; if the store
// loses a record, it is stored again; while a connection is open, its own rooms determine the record.
import { isPromise } from "@halyard/protocol/internal";
import type { Backplane, BackplaneRooms } from "../backplane.ts";
import { andThen, whenAll } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import { isUnavailable } from "../utils/errors.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";
import type { Connection } from "./connection.ts";
import { UnfinishedWelcome } from "../availability/unfinished-welcome.ts";
import { UnstoredRooms } from "../availability/unstored-rooms.ts";

/** The dependencies of {@link ClientRooms}. */
export interface ClientRoomsParts {
  readonly backplane: Pick<Backplane, keyof BackplaneRooms>;
  readonly monitor: Pick<BackplaneMonitor, "isAway" | "suspect">;
  readonly onError: (error: unknown) => void;
}

/** Gives rooms to clients and takes them back. */
export class ClientRooms {
  readonly #parts: ClientRoomsParts;
  readonly #unstored: UnstoredRooms<Connection>;
  /** The rooms that are being taken back, by connection. */
  readonly #taking = new WeakMap<Connection, Map<string, Promise<void>>>();

  constructor(parts: ClientRoomsParts) {
    this.#parts = parts;
    const readLater = (connection: Connection): void => this.#readLater(connection);
    this.#unstored = new UnstoredRooms({ ...parts, readLater });
  }

  /**
   * Gives a room. While the backplane is away, storing it waits until it is back. If the backplane rejects for another
   * reason, this rejects, and only the connection has the room, not the client.
   */
  give(connection: Connection, room: string): MaybePromise<void> {
    (connection.givenRooms ??= new Set()).add(room);
    connection.takenRooms?.delete(room);
    if (!hasRecord(connection)) return;
    const { backplane, monitor } = this.#parts;
    if (monitor.isAway) return this.#storeLater(connection);
    const given = backplane.giveRoom(connection.client, room);
    return given?.catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      this.#storeLater(connection);
    });
  }

  /**
   * Takes a room back. Rejects when the backplane does, except for `unavailable`: then the record is changed when the
   * backplane is back.
   */
  take(connection: Connection, room: string): MaybePromise<void> {
    const isGiven = connection.givenRooms?.delete(room) === true;
    if (isUnread(connection)) (connection.takenRooms ??= new Set()).add(room);
    else if (!isGiven) return;
    if (!hasRecord(connection)) return;
    const taken = this.#parts.backplane.takeRoom(connection.client, room);
    if (taken === undefined) return;
    const taking = this.#taking.get(connection) ?? new Map<string, Promise<void>>();
    const stored = taken
      .catch((error: unknown) => {
        if (isUnavailable(error)) this.#storeLater(connection);
        throw error;
      })
      .finally(() => taking.delete(room));
    this.#taking.set(connection, taking.set(room, stored));
    return stored;
  }

  /**
   * Settles once the client has been told of its leave that runs, whatever becomes of it. A room that is given meanwhile is given after
   * it: the client would take a `joined` before the answer to its leave for one that was sent before the server knew of the leave.
   */
  afterTake(connection: Connection, room: string): MaybePromise<void> {
    return this.#taking
      .get(connection)
      ?.get(room)
      ?.catch(() => {});
  }

  /** Takes all rooms back, because the user was banned. */
  async takeAll(connection: Connection): Promise<void> {
    const rooms = [...(connection.givenRooms ?? [])];
    try {
      await whenAll(rooms.map((room) => this.take(connection, room)));
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  /** Like {@link recall}, except that the record is read later when the backplane is away. */
  recallIfThere(connection: Connection): MaybePromise<void> {
    if (!hasRecord(connection)) return;
    if (this.#parts.monitor.isAway) return this.#readLater(connection);
    const recalled = this.recall(connection);
    if (!isPromise(recalled)) return recalled;
    return recalled.catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      this.#readLater(connection);
    });
  }

  /**
   * Reads the record of the client, and adds and removes what was given and taken before the client was known.
   * Rejects when the backplane does.
   */
  recall(connection: Connection): MaybePromise<void> {
    if (!hasRecord(connection)) return;
    const { backplane } = this.#parts;
    const { client } = connection;
    const given = backplane.givenRooms(client);
    const rooms = isPromise(given) ? repeatOnce(given, () => backplane.givenRooms(client)) : given;
    return andThen(rooms, (recorded) => {
      const unrecorded = [...(connection.givenRooms ?? [])].filter((room) => !recorded.includes(room));
      const taken = recorded.filter((room) => connection.takenRooms?.has(room) === true);
      for (const room of recorded) if (!taken.includes(room)) (connection.givenRooms ??= new Set()).add(room);
      if (unrecorded.length === 0 && taken.length === 0) return;
      const stored = whenAll([
        ...unrecorded.map((room) => backplane.giveRoom(client, room)),
        ...taken.map((room) => backplane.takeRoom(client, room)),
      ]);
      return andThen<unknown, void>(stored, () => undefined);
    });
  }

  /** Enters the given rooms when the backplane is back. */
  enterLater(connection: Connection): void {
    (connection.unfinished ??= new UnfinishedWelcome()).hasUnenteredRooms = true;
    this.#parts.monitor.suspect();
  }

  /** Stores the rooms of these connections again, because the store may have lost changes. Never rejects. */
  storeAgain(connections: Iterable<Connection>): Promise<void> {
    for (const connection of connections) if (hasRecord(connection)) this.#unstored.add(connection);
    return this.storeLeft();
  }

  /** Stores what could not be stored while the backplane was away. Never rejects. */
  storeLeft(): Promise<void> {
    return this.#unstored.store();
  }

  #storeLater(connection: Connection): void {
    if (connection.stage === "closed") return;
    this.#unstored.add(connection);
    this.#parts.monitor.suspect();
  }

  #readLater(connection: Connection): void {
    (connection.unfinished ??= new UnfinishedWelcome()).hasUnreadRooms = true;
    this.#parts.monitor.suspect();
  }
}

/** Whether the connection's client has a record: a plain client cannot return, and a v1 client is known after its hello at the latest. */
function hasRecord({ client, id, isV1 }: Connection): boolean {
  return isV1 && client.client !== id;
}

/** Whether the record of the client may contain rooms that the connection does not know yet. */
function isUnread({ stage, unfinished }: Connection): boolean {
  return stage !== "open" || unfinished?.hasUnreadRooms === true;
}

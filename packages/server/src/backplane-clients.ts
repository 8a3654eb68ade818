// The types of the backplane contract about clients: their operations, the rooms that the server gives to them, and their presence
// state in rooms. backplane.ts exports them.

/** A client: one page load of a user, across its reconnects. Each plain connection is a client of its own. */
export interface ClientRef {
  readonly user: string;
  readonly client: string;
}

/**
 * The answer to `begin`. `run`: the operation must run now; `mayHaveRun`: the result of an earlier run is unknown. `running`: the
 * operation runs already. `done`: it has run, with this result. `conflict`: its key belongs to another operation, or is out of order.
 * `forgotten`: it may have run, the store has lost the results of the client, and no welcome has told the client so.
 */
export type WorkState =
  | { readonly state: "run"; readonly mayHaveRun?: boolean | undefined }
  | { readonly state: "running"; readonly claim?: Claim | undefined }
  | { readonly state: "done"; readonly result: string }
  | { readonly state: "conflict" }
  | { readonly state: "forgotten" };

/** The identity of one `begin` among those of all nodes. */
export interface Claim {
  readonly node: string;
  readonly number: number;
}

/** An operation of a client that must run once: a numbered send or a request. */
export interface Work {
  readonly ref: ClientRef;
  /** The `seq` of a send, which counts up by one per client, or the `id` of a request. */
  readonly key: number | string;
  /** A hash of the message, to detect another message under the same key. A safe integer. */
  readonly digest: number;
  /**
   * A number that grows with each `begin` of a node, except repetitions. The node that has claimed the operation may begin it again,
   * because the first reply may be lost, and only the claim that runs can settle it.
   *
   * @default a `begin` is never repeated
   */
  readonly claim?: number | undefined;
  /** The connection of the message. @default none: no welcome told the client that results were lost */
  readonly connection?: { readonly id: string } | undefined;
  /** Whether an earlier attempt may have run. If the results of the client were lost, `begin` then answers `forgotten`. @default false */
  readonly mayHaveRun?: boolean | undefined;
  /** The time at which the message arrived, in ms since 1970. @default the time of the call */
  readonly at?: number | undefined;
  /** For a `settle` without a result: the operation certainly had no effect since its `begin`. @default false */
  readonly hasNoEffect?: boolean | undefined;
}

/** The operations of a client that are stored: the client may send each of them again. */
export interface BegunWork {
  /** The number of the newest send; 0 if there was none. */
  readonly lastSeq: number;
  /** The ids of the requests. */
  readonly requests: readonly string[];
}

/** A client, or every client of a user. */
export type RoomHolder = Pick<ClientRef, "user"> & Partial<Pick<ClientRef, "client">>;

/** The state of a connection in a room. The latest state of the connections of a user in the room is the state of the user. */
export interface ShownState {
  /** An object as JSON text. */
  readonly json: string;
  /** The time at which it was set, in ms since 1970. The backplane finds the latest state by it. */
  readonly setAt: number;
  /** A change of the state is an event only with at most this many users in the room. */
  readonly announcedUsers: number;
}

/** The rooms that the server gave to a client, as known to the node of its open connection. */
export interface RoomsOfClient extends ClientRef {
  readonly connectionId: string;
  readonly rooms: readonly string[];
}

/** The calls of a backplane about the rooms that the server gave to clients. */
export interface BackplaneRooms {
  /** Stores a room that the server gave to a client, while a connection of the client is open and for 5 min after. */
  giveRoom(ref: ClientRef, room: string): undefined | Promise<void>;
  /** Removes a room of a client, or of every client of a user. */
  takeRoom(from: RoomHolder, room: string): undefined | Promise<void>;
  /** The rooms that the server gave to a client. Called for every hello: a backplane in memory answers without a promise. */
  givenRooms(ref: ClientRef): readonly string[] | Promise<readonly string[]>;
  /**
   * Replaces the stored rooms of clients by those that their node knows: after `onFenced`, and after calls whose result is unknown. One
   * call has about 200 clients and rooms. A client whose slot has another open connection keeps its stored rooms.
   *
   * @default `giveRoom` for each room, so that a room that was taken away stays in a store that has it again
   */
  setRooms?(clients: readonly RoomsOfClient[]): Promise<void>;
}

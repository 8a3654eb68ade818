// The part of the contract of backplanes that is about clients: their operations, the rooms that the server gives to them, and their
// presence state in rooms. Used through backplane.ts, which exports it.

/** A client: one page load of a user, across its reconnects. Each plain connection is a client of its own. */
export interface ClientRef {
  readonly user: string;
  readonly client: string;
}

/**
 * The state of an operation. `run`: it is to run now; `mayHaveRun`: how an earlier run ended is unknown. `running`: it runs
 * already. `done`: it has run, with this result. `conflict`: its key belongs to another operation, or is out of order. `forgotten`: the
 * operation may have run, and the store has lost the results of the client, which has not been told yet.
 */
export type WorkState =
  | { readonly state: "run"; readonly mayHaveRun?: boolean | undefined }
  | { readonly state: "running"; readonly claim?: Claim | undefined }
  | { readonly state: "done"; readonly result: string }
  | { readonly state: "conflict" }
  | { readonly state: "forgotten" };

/** Names one `begin`, among all nodes. */
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
   * Counts up with each `begin` of a node but its repetitions: the node that has claimed the operation may begin it again,
   * because the first reply may be lost, and only the claim that runs is settled.
   *
   * @default a `begin` is never repeated
   */
  readonly claim?: number | undefined;
  /** The connection that the message came from. @default none: the client counts as not told by a welcome that results were lost */
  readonly connection?: { readonly id: string } | undefined;
  /** Whether an earlier attempt may have run. If the results of the client were lost, `begin` then answers `forgotten`. @default false */
  readonly mayHaveRun?: boolean | undefined;
  /** When the message came in, in ms since 1970, where that is known. @default the time of the call */
  readonly at?: number | undefined;
  /** For a `settle` without a result: the operation certainly had no effect since its `begin`. @default false */
  readonly hasNoEffect?: boolean | undefined;
}

/** The operations that a client has begun and that are remembered: the client may send each of them again. */
export interface BegunWork {
  /** The number of the newest send; 0 if there was none. */
  readonly lastSeq: number;
  /** The ids of the requests. */
  readonly requests: readonly string[];
}

/** A client, or every client of a user. */
export type RoomHolder = Pick<ClientRef, "user"> & Partial<Pick<ClientRef, "client">>;

/** What a connection shows in a room. Of the connections that a user has in the room the latest counts. */
export interface ShownState {
  /** An object as JSON text. */
  readonly json: string;
  /** When it was set, in ms since 1970: by this the backplane decides which is the latest. */
  readonly setAt: number;
  /** With more users in the room, a change of the state is no event. */
  readonly announcedUsers: number;
}

/** The rooms that the server gave to a client, as the node knows them that has its open connection. */
export interface RoomsOfClient extends ClientRef {
  readonly connectionId: string;
  readonly rooms: readonly string[];
}

/** What a backplane remembers of rooms. */
export interface BackplaneRooms {
  /** Remembers a room that the server gave to a client, while one of its connections is open and 5 min after. */
  giveRoom(ref: ClientRef, room: string): undefined | Promise<void>;
  /** Forgets a room of a client, or of every client of a user. */
  takeRoom(from: RoomHolder, room: string): undefined | Promise<void>;
  /** The rooms that the server gave to a client. Called for every hello: memory answers without a promise. */
  givenRooms(ref: ClientRef): readonly string[] | Promise<readonly string[]>;
  /**
   * Makes what is remembered of clients what their node knows, after `onFenced` and after calls whose outcome is not known; some
   * 200 clients and rooms at once. A client whose slot has another open connection keeps what it has.
   *
   * @default `giveRoom` for each room: one that was taken, and that the store has again, stays
   */
  setRooms?(clients: readonly RoomsOfClient[]): Promise<void>;
}

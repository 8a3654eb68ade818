// The part of the contract of backplanes that is about rooms: what users show in them, and those that the server gives to clients.
// Used through backplane.ts, which exports it.

/** A client: one page load of a user, across its reconnects. Each plain connection is a client of its own. */
export interface ClientRef {
  readonly user: string;
  readonly client: string;
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

import type { AuthenticateFunction, Authenticator, Identity } from "./types.ts";

/** 4401: the session has ended. 4403: its user is banned. 1013: the session could not be checked for too long. */
export type SessionCloseCode = 4401 | 4403 | 1013;

/** An open connection as a session watch uses it. */
export interface WatchedConnection<TIdentity extends Identity = Identity> {
  /** The identity that `authenticate` returned, or the latest one given to `replace`. */
  readonly identity: TIdentity;
  /**
   * Replaces the identity by a newer one of the same user. `authorize` is asked again about everything that the connection
   * holds: `all`, its rooms, and the lists of users, 16 questions at once. Each channel is withheld until its answer; denied
   * rooms are left. A channel that is granted while the backplane is away stays withheld until it can be
   * read. Changed public fields are sent to the other users, also in rooms.
   */
  replace(identity: TIdentity): void;
  /** Closes the connection: from this call on no frame of it is handled. */
  close(code: SessionCloseCode): void;
}

/** A message between the session watches of two nodes: plain JSON of at most 8 KiB, without secrets. */
export type SessionNotice = Readonly<Record<string, string | number | readonly string[]>>;

/**
 * Names the connections to close: those of a session, or those of a user that were authenticated before now. With 4403, the user also loses
 * the rooms that the server gave.
 */
export type SessionMark = { readonly code: Exclude<SessionCloseCode, 1013> } & (
  { readonly session: string } | { readonly user: string }
);

/** Sends notices between nodes. */
export interface SessionBus {
  /**
   * Sends a notice to the watch of every *other* node, in any order. It is repeated for 5 min while the backplane is away, so
   * a notice may arrive twice. Never throws.
   */
  announce(notice: SessionNotice): void;
  /**
   * Closes connections on every *other* node, and on a node that is cut off now as soon as it is back: the mark is stored
   * for an hour. It is repeated like a notice. Never throws.
   */
  revoke(mark: SessionMark): void;
}

/**
 * Checks the sessions of open connections after the upgrade. The server reports which connections are open; the watch
 * decides when to query the session store, which connections to close, and what to announce to other nodes.
 */
export interface SessionWatch<TIdentity extends Identity = Identity> {
  /**
   * A connection has opened, with the same identity object that `authenticate` returned. Called before any frame of the
   * client is handled; the watch may call `close` before this returns.
   */
  opened(connection: WatchedConnection<TIdentity>): void;
  /**
   * A connection has closed, for any reason, and its handlers have ended. Before that, `close` with 4401 or 4403 still
   * aborts the handlers of a connection that was lost.
   */
  closed(connection: WatchedConnection<TIdentity>): void;
  /** Receives a notice of another node, not validated: the watch must ignore a value that is not one of its notices. */
  receive(notice: unknown): void;
  /**
   * Notices of other nodes may have been missed, because this node was cut off: the watch should check the sessions of all open
   * connections again.
   *
   * @default what was missed is found by the watch's own checks
   */
  interrupted?(): void;
  /**
   * Handles the client's `authenticate` message: redeems a ticket of the connection's own user, and calls `replace`. A
   * ticket of another user closes the connection with 4401.
   *
   * @throws HalyardError `unauthenticated` for a ticket that is not valid, `unavailable` when the store is down
   */
  renew(connection: WatchedConnection<TIdentity>, ticket: string): Promise<void>;
  /** Stops the timers of the watch; the connections stay open. */
  stop(): void;
}

/** An authenticator that also watches the sessions of the connections it accepted. */
export interface WatchingAuthenticator<
  TIdentity extends Identity = Identity,
> extends Authenticator<TIdentity> {
  /** Called once per server, when the server or its path is created, because a session may end before the first upgrade. */
  watch(bus: SessionBus): SessionWatch<TIdentity>;
}

/** Either form of an authenticator. */
export type AnyAuthenticator = Authenticator | AuthenticateFunction;

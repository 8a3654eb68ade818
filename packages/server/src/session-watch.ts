import type { AuthenticateFunction, Authenticator, Identity } from "./types.ts";

/** 4401: the session is over. 4403: its user is banned. 1013: sessions could not be checked for too long. */
export type SessionCloseCode = 4401 | 4403 | 1013;

/** One open connection, as a watch sees it. */
export interface WatchedConnection<TIdentity extends Identity = Identity> {
  /** Whose it is: what `authenticate` gave it, or `replace` since. */
  readonly identity: TIdentity;
  /**
   * Puts a newer identity of the same user in place. `authorize` is asked again for the rooms held, what is lost is
   * left, and the others are told when public fields changed.
   */
  replace(identity: TIdentity): void;
  /** Closes the connection: nothing more is taken from it, from this call on. */
  close(code: SessionCloseCode): void;
}

/** What the watches of several nodes tell each other: plain JSON of at most 8 KiB, without secrets. */
export type SessionNotice = Readonly<Record<string, string | number | readonly string[]>>;

export interface SessionBus {
  /** Hands a notice to the watch of every *other* node, at most once and in any order. Never throws. */
  announce(notice: SessionNotice): void;
}

/**
 * Keeps open connections honest after the upgrade. The server says which connections live; everything else, when to
 * look where, what to close and whom to tell, is the watch's: so the server knows nothing of sessions and their stores.
 */
export interface SessionWatch<TIdentity extends Identity = Identity> {
  /**
   * A connection is registered, with the very identity that `authenticate` returned. Called before anything of the
   * client is handled; the watch may call `close` before this returns.
   */
  opened(connection: WatchedConnection<TIdentity>): void;
  /** The connection is gone, for whatever reason. */
  closed(connection: WatchedConnection<TIdentity>): void;
  /** A notice of another node, as it came; anything that is none is ignored. */
  receive(notice: unknown): void;
  /**
   * The client's `authenticate` message: takes a ticket of the connection's own user, and calls `replace`. A ticket of
   * another user closes the connection with 4401.
   *
   * @throws HalyardError `unauthenticated` for a ticket that does not count, `unavailable` when the store is down
   */
  renew(connection: WatchedConnection<TIdentity>, ticket: string): Promise<void>;
  /** Ends its timers; connections stay as they are. */
  stop(): void;
}

/** An authenticator that also watches the sessions it let in. `watch` is called once per server. */
export interface WatchingAuthenticator<
  TIdentity extends Identity = Identity,
> extends Authenticator<TIdentity> {
  watch(bus: SessionBus): SessionWatch<TIdentity>;
}

/** Either form of an authenticator. */
export type AnyAuthenticator = Authenticator | AuthenticateFunction;

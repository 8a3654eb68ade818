// The table of the sessions that have an open connection on this node, by session id and by user id.
// The session watch adds and removes connections; the session checks iterate over it once a second.
// Guarantees that it contains no session without connections.
import type { WatchedConnection } from "@halyard/server";
import { sessionInfoOf } from "../identity/session-info.ts";
import type { BetterAuthIdentity } from "../identity/session-info.ts";

/** One session with at least one open connection on this node. */
export interface WatchedSession<TIdentity extends BetterAuthIdentity> {
  readonly id: string;
  readonly userId: string;
  readonly connections: Set<WatchedConnection<TIdentity>>;
  /** The latest identity of the session. A connection may still have an older one. */
  identity: TIdentity;
  /** When the next check is due, in milliseconds since 1970; Infinity while a check runs. */
  nextAt: number;
  /** Since when a check waits for the store, in milliseconds since 1970; Infinity while none does. */
  askedAt: number;
  /** When the store last confirmed the session, in milliseconds since 1970. */
  verifiedAt: number;
  /** Whether the user changed, so that the next check replaces the identity of each connection even if it looks the same. */
  isChanged: boolean;
}

/** The sessions of this node's connections. */
export class WatchedSessions<TIdentity extends BetterAuthIdentity> {
  readonly #sessions = new Map<string, WatchedSession<TIdentity>>();
  readonly #byUser = new Map<string, Set<WatchedSession<TIdentity>>>();

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): Iterator<WatchedSession<TIdentity>> {
    return this.#sessions.values();
  }

  get(sessionId: string): WatchedSession<TIdentity> | undefined {
    return this.#sessions.get(sessionId);
  }

  ofUser(userId: string): Iterable<WatchedSession<TIdentity>> {
    return this.#byUser.get(userId) ?? [];
  }

  has(session: WatchedSession<TIdentity>): boolean {
    return this.#sessions.get(session.id) === session;
  }

  of(connection: WatchedConnection<TIdentity>): WatchedSession<TIdentity> | undefined {
    const session = this.#sessions.get(connection.identity.session.id);
    return session?.connections.has(connection) === true ? session : undefined;
  }

  /** @param now the time at which the connection's identity was verified, in milliseconds since 1970 */
  add(connection: WatchedConnection<TIdentity>, now: number): WatchedSession<TIdentity> {
    const { identity } = connection;
    const session = this.#sessions.get(identity.session.id) ?? this.#create(identity);
    session.connections.add(connection);
    session.identity = identity;
    session.verifiedAt = now;
    return session;
  }

  remove(connection: WatchedConnection<TIdentity>): void {
    const session = this.of(connection);
    session?.connections.delete(connection);
    if (session?.connections.size === 0) this.delete(session);
  }

  delete(session: WatchedSession<TIdentity>): void {
    this.#sessions.delete(session.id);
    const sessions = this.#byUser.get(session.userId);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byUser.delete(session.userId);
  }

  #create(identity: TIdentity): WatchedSession<TIdentity> {
    const { sessionId: id, userId } = sessionInfoOf(identity);
    const session: WatchedSession<TIdentity> = {
      id,
      userId,
      connections: new Set(),
      identity,
      nextAt: Infinity,
      askedAt: Infinity,
      verifiedAt: 0,
      isChanged: false,
    };
    this.#sessions.set(id, session);
    const ofUser = this.#byUser.get(userId);
    if (ofUser === undefined) this.#byUser.set(userId, new Set([session]));
    else ofUser.add(session);
    return session;
  }
}

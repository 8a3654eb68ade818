import { factsOf } from "../identity/session-info.ts";
import type { BetterAuthIdentity } from "../identity/session-info.ts";
import type { WatchedConnection } from "@halyard/server";

/** One session with at least one open connection on this node. */
export interface WatchedSession<TIdentity extends BetterAuthIdentity> {
  readonly id: string;
  readonly userId: string;
  readonly connections: Set<WatchedConnection<TIdentity>>;
  /** What the latest identity says; the others may be older. */
  identity: TIdentity;
  /** When the store is asked again, ms: Infinity while it is being asked. */
  nextAt: number;
  /** When the store last said that it lives, ms. */
  verifiedAt: number;
  /** Something about its user changed: rights are asked again even if the identity looks the same. */
  isChanged: boolean;
}

/** The sessions of this node's connections, by their id and by their user. */
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

  /** @param now when its identity was known to be good */
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
    const { sessionId: id, userId } = factsOf(identity);
    const moment = { nextAt: Infinity, verifiedAt: 0, isChanged: false };
    const session = { id, userId, connections: new Set<WatchedConnection<TIdentity>>(), identity, ...moment };
    this.#sessions.set(id, session);
    const ofUser = this.#byUser.get(userId);
    if (ofUser === undefined) this.#byUser.set(userId, new Set([session]));
    else ofUser.add(session);
    return session;
  }
}

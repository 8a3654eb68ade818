// Closes open connections when their Better Auth session ends, and updates their identity when it changes.
// The server calls it for each connection that opens, closes or sends `authenticate`, and with notices of other nodes.
// Guarantees that a session which ended before its connection was registered is closed at registration.
import { HalyardError } from "@halyard/protocol/wire";
import type { SessionBus, SessionCloseCode, SessionWatch, WatchedConnection } from "@halyard/server";
import type { BetterAuthInstance, SessionOf } from "../identity/auth-instance.ts";
import type { IdentityOrigins } from "../identity/identity-origins.ts";
import type { SessionReader } from "../identity/session-reader.ts";
import { dateOf } from "@halyard/protocol/internal";
import type { AuthenticatorSettings, SessionClock } from "../options.ts";
import type { UpgradeAuthenticator } from "../upgrade/upgrade-authenticator.ts";
import { observeMemberships } from "./membership-changes.ts";
import { marksOf, noticesOf, readNotice } from "./notice.ts";
import type { SessionChange } from "./notice.ts";
import type { RecentChanges } from "./recent-changes.ts";
import { SessionChecks } from "./session-checks.ts";
import { observeStore } from "./store-changes.ts";
import { WatchedSessions } from "./watched-sessions.ts";
import type { WatchedSession } from "./watched-sessions.ts";

/** The dependencies of a session watch. Everything except the bus is shared with the authenticator. */
export interface WatchParts<TAuth extends BetterAuthInstance> {
  readonly bus: SessionBus;
  readonly reader: SessionReader<TAuth>;
  readonly upgrades: UpgradeAuthenticator<TAuth>;
  readonly changes: RecentChanges;
  readonly origins: IdentityOrigins;
  readonly settings: AuthenticatorSettings;
}

/** A change may be reported before its transaction has committed: the user is checked again after this time. */
const RECHECK_MS = 300;

/**
 * Watches the sessions of open connections. Changes that this process or another node makes arrive within milliseconds;
 * changes that bypass Better Auth are found by a check of each session once per interval and at its expiry.
 */
export class BetterAuthSessionWatch<TAuth extends BetterAuthInstance> implements SessionWatch<
  SessionOf<TAuth>
> {
  readonly #parts: WatchParts<TAuth>;
  readonly #clock: SessionClock;
  readonly #sessions = new WatchedSessions<SessionOf<TAuth>>();
  readonly #checks: SessionChecks<TAuth>;
  readonly #rechecks = new Map<string, unknown>();
  #isStopped = false;
  #unobserve: (() => void)[] = [];

  constructor(parts: WatchParts<TAuth>) {
    const { reader, changes, origins, settings } = parts;
    this.#parts = parts;
    this.#clock = settings.clock;
    const end = (session: WatchedSession<SessionOf<TAuth>>, code: SessionCloseCode): void =>
      this.#end(session, code);
    this.#checks = new SessionChecks({ reader, changes, origins, settings, sessions: this.#sessions, end });
    void this.#observe();
  }

  opened(connection: WatchedConnection<SessionOf<TAuth>>): void {
    const { identity } = connection;
    const code = this.#parts.changes.endCodeOf(identity.session.id);
    if (code !== undefined) return connection.close(code);
    const session = this.#sessions.add(connection, this.#clock.now());
    this.#checks.schedule(session);
    const { sequence } = this.#parts.origins.get(identity);
    if (this.#parts.changes.hasChanged(identity.user.id, sequence)) this.#checks.check(session);
  }

  closed(connection: WatchedConnection<SessionOf<TAuth>>): void {
    this.#sessions.remove(connection);
  }

  receive(notice: unknown): void {
    const change = readNotice(notice);
    if (change !== undefined && !this.#isStopped) this.#apply(change);
  }

  interrupted(): void {
    for (const session of this.#sessions) {
      session.isChanged = true;
      this.#checks.check(session);
    }
  }

  async renew(connection: WatchedConnection<SessionOf<TAuth>>, ticket: string): Promise<void> {
    const { origins, changes, upgrades } = this.#parts;
    const { sequence } = changes;
    const origin = origins.get(connection.identity);
    const identity = await upgrades.redeem(ticket, origin);
    const isWatched = this.#sessions.of(connection) !== undefined;
    if (identity === null || !isWatched || changes.endCodeOf(identity.session.id) !== undefined) {
      throw new HalyardError("unauthenticated", "This ticket does not count.");
    }
    this.#sessions.remove(connection);
    if (identity.user.id !== connection.identity.user.id) {
      connection.close(4401);
      throw new HalyardError("unauthenticated", "This ticket is another user's.");
    }
    origins.set(identity, { ...origin, sequence, source: "session" });
    connection.replace(identity);
    this.opened(connection);
  }

  stop(): void {
    this.#isStopped = true;
    this.#unobserve.forEach((unobserve) => unobserve());
    this.#unobserve = [];
    this.#checks.stop();
    for (const timer of this.#rechecks.values()) this.#clock.clearTimeout(timer);
    this.#rechecks.clear();
  }

  async #observe(): Promise<void> {
    // If Better Auth cannot start, no connection opens, so there is no session to watch.
    const context = await this.#parts.reader.context().catch(() => undefined);
    if (context === undefined || this.#isStopped) return;
    const listener = (change: SessionChange): void => this.#onStoreChange(change);
    const observer = { listener, now: () => dateOf(this.#clock) };
    this.#unobserve.push(observeStore(context, observer), observeMemberships(context, listener));
  }

  /** Applies a change that this process made, and announces it to the other nodes. */
  #onStoreChange(change: SessionChange): void {
    if (this.#isStopped) return;
    this.#apply(change);
    for (const mark of marksOf(change)) this.#parts.bus.revoke(mark);
    for (const notice of noticesOf(change)) this.#parts.bus.announce(notice);
  }

  #apply(change: SessionChange): void {
    this.#parts.changes.add(change);
    if (change.kind === "changed") return this.#onUserChanged(change.userId);
    if (change.kind === "banned") {
      for (const session of [...this.#sessions.ofUser(change.userId)]) this.#end(session, 4403);
      return;
    }
    for (const id of change.sessionIds) {
      const session = this.#sessions.get(id);
      if (session !== undefined) this.#end(session, change.code);
    }
  }

  #onUserChanged(userId: string): void {
    const recheck = (): void => {
      this.#rechecks.delete(userId);
      this.#checkUser(userId);
    };
    if (!this.#checkUser(userId)) return;
    this.#clock.clearTimeout(this.#rechecks.get(userId));
    this.#rechecks.set(userId, this.#clock.setTimeout(recheck, RECHECK_MS));
  }

  /** @returns whether the user has a session with an open connection on this node */
  #checkUser(userId: string): boolean {
    let hasSessions = false;
    for (const session of this.#sessions.ofUser(userId)) {
      hasSessions = true;
      session.isChanged = true;
      this.#checks.check(session);
    }
    return hasSessions;
  }

  #end(session: WatchedSession<SessionOf<TAuth>>, code: SessionCloseCode): void {
    this.#sessions.delete(session);
    for (const connection of session.connections) connection.close(code);
  }
}

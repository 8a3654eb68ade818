import { HalyardError } from "@halyard/protocol/wire";
import type { Admissions } from "../identity/identity-origins.ts";
import type { BetterAuthInstance, SessionOf } from "../identity/auth-instance.ts";
import type { Door } from "../upgrade/upgrade-authenticator.ts";
import { observeMemberships } from "./membership-changes.ts";
import { noticesOf, readNotice } from "./notice.ts";
import type { SessionChange } from "./notice.ts";
import { systemClock } from "../options.ts";
import type { BetterAuthAuthenticatorOptions, SessionClock } from "../options.ts";
import type { RecentChanges } from "./recent-changes.ts";
import { SessionChecks } from "./session-checks.ts";
import type { SessionReader } from "../identity/session-reader.ts";
import type { SessionBus, SessionCloseCode, SessionWatch, WatchedConnection } from "@halyard/server";
import { observeStore } from "./store-changes.ts";
import { WatchedSessions } from "./watched-sessions.ts";
import type { WatchedSession } from "./watched-sessions.ts";

export interface WatchParts<TAuth extends BetterAuthInstance> {
  readonly bus: SessionBus;
  readonly reader: SessionReader<TAuth>;
  readonly door: Door<TAuth>;
  readonly changes: RecentChanges;
  readonly admissions: Admissions;
  readonly options: BetterAuthAuthenticatorOptions;
}

/** A change may be told before the transaction that makes it has committed: the store is asked once more after this. */
const SECOND_LOOK_MS = 300;

/**
 * Follows the sessions of open connections: by what this process and the other nodes do to them (within milliseconds),
 * and by looking each of them up again now and then, and when it expires (for what was done behind everybody's back).
 */
export class BetterAuthSessionWatch<TAuth extends BetterAuthInstance> implements SessionWatch<
  SessionOf<TAuth>
> {
  readonly #parts: WatchParts<TAuth>;
  readonly #clock: SessionClock;
  readonly #sessions = new WatchedSessions<SessionOf<TAuth>>();
  readonly #checks: SessionChecks<TAuth>;
  readonly #secondLooks = new Map<string, unknown>();
  #isStopped = false;
  #restore: (() => void)[] = [];

  constructor(parts: WatchParts<TAuth>) {
    this.#parts = parts;
    this.#clock = parts.options.clock ?? systemClock;
    const end = (session: WatchedSession<SessionOf<TAuth>>, code: SessionCloseCode): void =>
      this.#end(session, code);
    this.#checks = new SessionChecks({ ...parts, sessions: this.#sessions, end });
    void this.#observe();
  }

  opened(connection: WatchedConnection<SessionOf<TAuth>>): void {
    const { identity } = connection;
    const end = this.#parts.changes.endOf(identity.session.id);
    if (end !== undefined) return connection.close(end);
    const session = this.#sessions.add(connection, this.#clock.now());
    this.#checks.schedule(session);
    const { sequence } = this.#parts.admissions.of(identity);
    if (this.#parts.changes.hasChanged(identity.user.id, sequence)) this.#checks.look(session);
  }

  closed(connection: WatchedConnection<SessionOf<TAuth>>): void {
    this.#sessions.remove(connection);
  }

  receive(notice: unknown): void {
    const change = readNotice(notice);
    if (change !== undefined && !this.#isStopped) this.#apply(change);
  }

  async renew(connection: WatchedConnection<SessionOf<TAuth>>, ticket: string): Promise<void> {
    const { admissions, changes, door } = this.#parts;
    const { sequence } = changes;
    const admission = admissions.of(connection.identity);
    const identity = await door.redeem(ticket, admission);
    const isLive = this.#sessions.of(connection) !== undefined;
    if (identity === null || !isLive || changes.endOf(identity.session.id) !== undefined) {
      throw new HalyardError("unauthenticated", "This ticket does not count.");
    }
    this.#sessions.remove(connection);
    if (identity.user.id !== connection.identity.user.id) {
      connection.close(4401);
      throw new HalyardError("unauthenticated", "This ticket is another user's.");
    }
    admissions.set(identity, { ...admission, sequence });
    connection.replace(identity);
    this.opened(connection);
  }

  stop(): void {
    this.#isStopped = true;
    this.#restore.forEach((restore) => restore());
    this.#restore = [];
    this.#checks.stop();
    for (const timer of this.#secondLooks.values()) this.#clock.clearTimeout(timer);
    this.#secondLooks.clear();
  }

  async #observe(): Promise<void> {
    // When Better Auth cannot start, nobody gets in, and there is nothing to watch.
    const context = await this.#parts.reader.context().catch(() => undefined);
    if (context === undefined || this.#isStopped) return;
    const listener = (change: SessionChange): void => this.#happened(change);
    this.#restore.push(observeStore(context, { listener, now: () => this.#clock.now() }));
    if (context.hasPlugin("organization")) this.#restore.push(observeMemberships(context, listener));
  }

  /** Something was done by this process: acts on it here and tells the other nodes. */
  #happened(change: SessionChange): void {
    if (this.#isStopped) return;
    this.#apply(change);
    for (const notice of noticesOf(change)) this.#parts.bus.announce(notice);
  }

  #apply(change: SessionChange): void {
    this.#parts.changes.add(change);
    if (change.kind === "changed") return this.#changed(change.userId);
    for (const id of change.sessionIds) {
      const session = this.#sessions.get(id);
      if (session !== undefined) this.#end(session, change.code);
    }
  }

  #changed(userId: string): void {
    const again = (): void => {
      this.#secondLooks.delete(userId);
      this.#lookAtUser(userId);
    };
    if (!this.#lookAtUser(userId)) return;
    this.#clock.clearTimeout(this.#secondLooks.get(userId));
    this.#secondLooks.set(userId, this.#clock.setTimeout(again, SECOND_LOOK_MS));
  }

  /** @returns whether there is any session of theirs */
  #lookAtUser(userId: string): boolean {
    let isAny = false;
    for (const session of this.#sessions.ofUser(userId)) {
      isAny = true;
      session.isChanged = true;
      this.#checks.look(session);
    }
    return isAny;
  }

  #end(session: WatchedSession<SessionOf<TAuth>>, code: SessionCloseCode): void {
    this.#sessions.delete(session);
    for (const connection of session.connections) connection.close(code);
  }
}

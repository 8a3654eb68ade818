import { HalyardError } from "@halyard/protocol/wire";
import type { Admissions } from "../identity/identity-origins.ts";
import type { BetterAuthInstance, SessionOf } from "../identity/auth-instance.ts";
import { LookUps } from "./coalescing-queue.ts";
import { systemClock } from "../options.ts";
import type { BetterAuthAuthenticatorOptions, SessionClock } from "../options.ts";
import type { RecentChanges } from "./recent-changes.ts";
import { factsOf } from "../identity/session-info.ts";
import type { SessionReader } from "../identity/session-reader.ts";
import type { SessionCloseCode } from "@halyard/server";
import type { WatchedSession, WatchedSessions } from "./watched-sessions.ts";

export interface CheckParts<TAuth extends BetterAuthInstance> {
  readonly reader: SessionReader<TAuth>;
  readonly changes: RecentChanges;
  readonly admissions: Admissions;
  readonly options: BetterAuthAuthenticatorOptions;
  readonly sessions: WatchedSessions<SessionOf<TAuth>>;
  readonly end: (session: WatchedSession<SessionOf<TAuth>>, code: SessionCloseCode) => void;
}

const TICK_MS = 1_000;
/** How soon the store is asked again after it did not answer, ms. */
const RETRY_MS = 5_000;

/**
 * Asks the store again: for each session once in a while, when it expires, and when something happened to its user.
 * However many connections a session has, it is looked up once.
 */
export class SessionChecks<TAuth extends BetterAuthInstance> {
  readonly #parts: CheckParts<TAuth>;
  readonly #clock: SessionClock;
  readonly #lookUps: LookUps<WatchedSession<SessionOf<TAuth>>>;
  #tick: unknown;

  constructor(parts: CheckParts<TAuth>) {
    this.#parts = parts;
    this.#clock = parts.options.clock ?? systemClock;
    this.#lookUps = new LookUps((session) => this.#check(session));
  }

  /** Puts the next look in its place: after the interval ± 20 %, or when the session expires, if that is earlier. */
  schedule(session: WatchedSession<SessionOf<TAuth>>): void {
    const { expiresAt, token } = factsOf(session.identity);
    const { lookUpMs = 60_000 } = this.#parts.options;
    const due = token === undefined ? Infinity : this.#clock.now() + this.#spread(lookUpMs);
    session.nextAt = Math.min(due, expiresAt);
    this.#tick ??= this.#clock.setTimeout(() => this.#onTick(), TICK_MS);
  }

  look(session: WatchedSession<SessionOf<TAuth>>): void {
    session.nextAt = Infinity;
    this.#lookUps.request(session);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#tick);
  }

  #onTick(): void {
    const now = this.#clock.now();
    const { sessions } = this.#parts;
    for (const session of sessions) if (session.nextAt <= now) this.look(session);
    this.#tick = sessions.size === 0 ? undefined : this.#clock.setTimeout(() => this.#onTick(), TICK_MS);
  }

  async #check(session: WatchedSession<SessionOf<TAuth>>): Promise<void> {
    const { sessions, end } = this.#parts;
    const mustReplace = session.isChanged;
    session.isChanged = false;
    try {
      const identity = await this.#read(session);
      if (!sessions.has(session)) return;
      if (identity === null) return end(session, 4401);
      this.#confirm(session, identity, mustReplace);
    } catch (error) {
      if (!sessions.has(session)) return;
      if (error instanceof HalyardError && error.code === "forbidden") return end(session, 4403);
      session.isChanged ||= mustReplace;
      this.#postpone(session);
    }
  }

  async #read({ identity }: WatchedSession<SessionOf<TAuth>>): Promise<SessionOf<TAuth> | null> {
    const { reader, admissions, changes } = this.#parts;
    const admission = { ...admissions.of(identity), sequence: changes.sequence };
    const fresh = await reader.lookUp(identity, admission.host);
    if (fresh !== null) admissions.set(fresh, admission);
    return fresh;
  }

  #confirm(
    session: WatchedSession<SessionOf<TAuth>>,
    identity: SessionOf<TAuth>,
    mustReplace: boolean,
  ): void {
    const fresh = JSON.stringify(identity);
    session.identity = identity;
    session.verifiedAt = this.#clock.now();
    this.schedule(session);
    for (const connection of session.connections) {
      if (mustReplace || JSON.stringify(connection.identity) !== fresh) connection.replace(identity);
    }
  }

  /** The store does not answer: what is open stays for a while, and is not taken for signed out. */
  #postpone(session: WatchedSession<SessionOf<TAuth>>): void {
    const { storeGraceMs = 300_000 } = this.#parts.options;
    const now = this.#clock.now();
    const givenUpAt = session.verifiedAt + storeGraceMs;
    if (now >= givenUpAt) return this.#parts.end(session, 1013);
    session.nextAt = Math.min(now + this.#spread(RETRY_MS), givenUpAt);
  }

  #spread(ms: number): number {
    return ms * (0.8 + 0.4 * this.#clock.random());
  }
}

// Reads the sessions of open connections from the store again, and acts on what it finds.
// The session watch calls it for each session that opens or changes; a one-second timer calls it for the sessions that are due.
// Guarantees one read per session, however many connections it has, and no sign-out because the store does not answer.
import { isDeepStrictEqual } from "node:util";
import { HalyardError } from "@halyard/protocol/wire";
import type { SessionCloseCode } from "@halyard/server";
import type { BetterAuthInstance, SessionOf } from "../identity/auth-instance.ts";
import type { IdentityOrigins } from "../identity/identity-origins.ts";
import { sessionInfoOf } from "../identity/session-info.ts";
import type { SessionReader } from "../identity/session-reader.ts";
import { dateOf } from "@halyard/protocol/internal";
import type { AuthenticatorSettings, SessionClock } from "../options.ts";
import { CoalescingQueue } from "./coalescing-queue.ts";
import { OutageLog } from "./outage-log.ts";
import type { RecentChanges } from "./recent-changes.ts";
import type { WatchedSession, WatchedSessions } from "./watched-sessions.ts";

/** The dependencies of {@link SessionChecks}; `end` closes the connections of a session. */
export interface CheckParts<TAuth extends BetterAuthInstance> {
  readonly reader: SessionReader<TAuth>;
  readonly changes: RecentChanges;
  readonly origins: IdentityOrigins;
  readonly settings: Pick<AuthenticatorSettings, "clock" | "logger" | "lookUpMs" | "storeGraceMs">;
  readonly sessions: WatchedSessions<SessionOf<TAuth>>;
  readonly end: (session: WatchedSession<SessionOf<TAuth>>, code: SessionCloseCode) => void;
}

const TICK_MS = 1_000;
/** The time until the next check after the store did not answer. */
const RETRY_MS = 5_000;

/** Checks each session once per interval, when it expires, and when its user changed. */
export class SessionChecks<TAuth extends BetterAuthInstance> {
  readonly #parts: CheckParts<TAuth>;
  readonly #clock: SessionClock;
  readonly #queue: CoalescingQueue<WatchedSession<SessionOf<TAuth>>>;
  readonly #outage: OutageLog;
  #timer: unknown;

  constructor(parts: CheckParts<TAuth>) {
    this.#parts = parts;
    this.#clock = parts.settings.clock;
    this.#outage = new OutageLog(parts.reader, parts.settings);
    this.#queue = new CoalescingQueue((session) => this.#run(session));
  }

  /** Schedules the next check: after the interval ± 20 %, or when the session expires, if that is earlier. Defers none that is due earlier. */
  schedule(session: WatchedSession<SessionOf<TAuth>>): void {
    const { expiresAt, token } = sessionInfoOf(session.identity);
    const { lookUpMs } = this.#parts.settings;
    const dueAt = token === undefined ? Infinity : this.#clock.now() + this.#jitter(lookUpMs);
    const expiresInMs = expiresAt - dateOf(this.#clock);
    session.nextAt = Math.min(session.nextAt, dueAt, this.#clock.now() + expiresInMs);
    this.#timer ??= this.#clock.setTimeout(() => this.#onTick(), TICK_MS);
  }

  /** Checks the session now, or as soon as the queue allows. */
  check(session: WatchedSession<SessionOf<TAuth>>): void {
    session.nextAt = Infinity;
    session.askedAt = Math.min(session.askedAt, this.#clock.now());
    this.#queue.request(session);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #onTick(): void {
    const now = this.#clock.now();
    const { sessions } = this.#parts;
    for (const session of sessions) {
      if (session.nextAt <= now) this.check(session);
      else if (this.#isUnanswered(session, now)) this.#parts.end(session, 1013);
    }
    this.#timer = sessions.size === 0 ? undefined : this.#clock.setTimeout(() => this.#onTick(), TICK_MS);
  }

  async #run(session: WatchedSession<SessionOf<TAuth>>): Promise<void> {
    const { reader, sessions, end } = this.#parts;
    if (!sessions.has(session)) return;
    const mustReplace = session.isChanged;
    session.isChanged = false;
    try {
      const identity = await reader.answered(this.#read(session)).finally(() => {
        session.askedAt = Infinity;
      });
      if (!sessions.has(session)) return;
      if (identity === null) return end(session, 4401);
      this.#confirm(session, identity, mustReplace);
    } catch (error) {
      if (!sessions.has(session)) return;
      if (error instanceof HalyardError && error.code === "forbidden") return end(session, 4403);
      this.#outage.failed(error);
      session.isChanged ||= mustReplace;
      this.#postpone(session);
    }
  }

  async #read({ identity }: WatchedSession<SessionOf<TAuth>>): Promise<SessionOf<TAuth> | null> {
    const { reader, origins, changes } = this.#parts;
    const origin = { ...origins.get(identity), sequence: changes.sequence };
    const fresh = await reader.refresh(identity, origin);
    if (fresh !== null) origins.set(fresh, origin);
    return fresh;
  }

  #confirm(
    session: WatchedSession<SessionOf<TAuth>>,
    identity: SessionOf<TAuth>,
    mustReplace: boolean,
  ): void {
    session.identity = identity;
    session.verifiedAt = this.#clock.now();
    this.schedule(session);
    for (const connection of session.connections) {
      if (mustReplace || !isSame(connection.identity, identity)) connection.replace(identity);
    }
  }

  /** Keeps the connections of a session, although the store did not answer, until the grace period ends. */
  #postpone(session: WatchedSession<SessionOf<TAuth>>): void {
    const now = this.#clock.now();
    const graceEndsAt = session.verifiedAt + this.#parts.settings.storeGraceMs;
    if (now >= graceEndsAt) return this.#parts.end(session, 1013);
    session.nextAt = Math.min(now + this.#jitter(RETRY_MS), graceEndsAt);
  }

  /** Whether the grace period is over while a check still waits, for a store that hangs or for a turn behind other checks of it. */
  #isUnanswered({ askedAt, verifiedAt }: WatchedSession<SessionOf<TAuth>>, now: number): boolean {
    return now >= askedAt + RETRY_MS && now >= verifiedAt + this.#parts.settings.storeGraceMs;
  }

  /** @returns the time varied by ± 20 %, so that sessions that opened together are not checked together */
  #jitter(ms: number): number {
    return ms * (0.8 + 0.4 * this.#clock.random());
  }
}

/** Whether two identities are the same as JSON, in which a date and its text are equal; or in all fields, where JSON cannot hold one. */
function isSame(one: object, other: object): boolean {
  try {
    return JSON.stringify(one) === JSON.stringify(other);
  } catch {
    return isDeepStrictEqual(one, other);
  }
}

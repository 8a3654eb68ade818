import { HalyardError } from "@halyard/protocol/wire";
import type { GuardedSessionWatchParts } from "../application/guarded-session-watch.ts";
import { GuardedSessionWatch } from "../application/guarded-session-watch.ts";
import type { Backplane, Revocation } from "../backplane.ts";
import type { ServerLimits } from "../limits.ts";
import type {
  AnyAuthenticator,
  SessionMark,
  SessionNotice,
  SessionWatch,
  WatchingAuthenticator,
} from "../session-watch.ts";
import type { Clock } from "../types.ts";
import { LimitError } from "../utils/errors.ts";
import { KeyedRateLimiter } from "../utils/keyed-rate-limiter.ts";
import { RepeatedCalls } from "../utils/repeated-calls.ts";
import type { Connection } from "./connection.ts";

/** How long a notice or a mark is repeated while the backplane does not accept it. */
const ANNOUNCED_MS = 5 * 60_000;
/** How long a mark is stored. A node that is cut off for longer has checked its sessions by itself. */
const MARKED_MS = 3_600_000;

interface SessionWatchesParts extends Pick<GuardedSessionWatchParts, "guard" | "clock"> {
  readonly backplane: Backplane;
  readonly limits: Pick<ServerLimits, "authenticatesPerSecond" | "authenticateBurst" | "handlerMs">;
  readonly onError: (error: unknown) => void;
}

/** The session watches of this node: one for each authenticator that provides one. */
export class SessionWatches {
  readonly #backplane: Backplane;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  /** The rate of `authenticate` messages by user, so that a reconnect gives no new attempts. */
  readonly #rate: KeyedRateLimiter;
  readonly #watchParts: GuardedSessionWatchParts;
  readonly #repeatedCalls: RepeatedCalls;
  readonly #watches = new Map<AnyAuthenticator, SessionWatch>();

  constructor({ backplane, limits, onError, guard, clock }: SessionWatchesParts) {
    this.#backplane = backplane;
    this.#clock = clock;
    this.#watchParts = { guard, clock, handlerMs: limits.handlerMs };
    this.#onError = onError;
    this.#repeatedCalls = new RepeatedCalls(clock, ANNOUNCED_MS);
    const { authenticatesPerSecond: perSecond, authenticateBurst: burst } = limits;
    this.#rate = new KeyedRateLimiter(clock, { perSecond, burst });
  }

  /** Begins to watch. When the authenticator's `watch` fails, the error is reported, and each upgrade tries again. */
  begin(authenticator: AnyAuthenticator | undefined): void {
    try {
      this.watchOf(authenticator);
    } catch (error) {
      this.#watchParts.guard.report(error, { type: "session watch", ws: undefined });
    }
  }

  /** The watch of an authenticator. */
  watchOf(authenticator: AnyAuthenticator | undefined): SessionWatch | undefined {
    if (authenticator === undefined || !isWatching(authenticator)) return undefined;
    const existing = this.#watches.get(authenticator);
    if (existing !== undefined) return existing;
    const watched = authenticator.watch({
      announce: (notice) => void this.#announce(notice),
      revoke: (mark) => void this.#revoke(mark),
    });
    const watch = new GuardedSessionWatch(watched, this.#watchParts);
    this.#watches.set(authenticator, watch);
    return watch;
  }

  /** @throws HalyardError `unauthenticated`, or `rate_limited` before the session store is asked */
  async renew(connection: Connection, ticket: string): Promise<void> {
    if (connection.sessionWatch === undefined) {
      throw new HalyardError("unauthenticated", "This server does not renew sessions in band.");
    }
    const retryAfterMs = this.#rate.take(connection.userId);
    if (retryAfterMs > 0) throw new LimitError("rate_limited", "authenticatesPerSecond", { retryAfterMs });
    await connection.sessionWatch.renew(connection, ticket);
  }

  /** Passes a notice of another node to every watch. */
  readonly onNotice = (data: string): void => {
    let notice: unknown;
    try {
      notice = JSON.parse(data);
    } catch (error) {
      this.#onError(error);
      return;
    }
    for (const watch of this.#watches.values()) watch.receive(notice);
  };

  /** Call when notices of other nodes may have been missed. */
  interrupted(): void {
    for (const watch of this.#watches.values()) watch.interrupted?.();
  }

  async #announce(notice: SessionNotice): Promise<void> {
    try {
      const data = JSON.stringify(notice);
      await this.#untilDone(() => this.#backplane.announce(data));
    } catch (error) {
      this.#onError(error);
    }
  }

  #revoke(mark: SessionMark): Promise<void> {
    const about =
      "user" in mark ? { user: mark.user, notBefore: this.#clock.now() } : { session: mark.session };
    const revocation: Revocation = { code: mark.code, reason: "", ...about };
    return this.#untilDone(() => this.#backplane.revoke(revocation, MARKED_MS));
  }

  /** Repeats a call until it succeeds. */
  async #untilDone(call: () => Promise<void>): Promise<void> {
    await call().catch((error: unknown) => {
      this.#onError(error);
      this.#repeatedCalls.add(call);
    });
  }

  stop(): void {
    this.#repeatedCalls.stop();
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
    this.#rate.stop();
  }
}

function isWatching(authenticator: AnyAuthenticator): authenticator is WatchingAuthenticator {
  return "watch" in authenticator && typeof authenticator.watch === "function";
}

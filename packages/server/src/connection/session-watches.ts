import { callSafely } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { GuardedSessionWatchParts } from "../application/guarded-session-watch.ts";
import { GuardedSessionWatch } from "../application/guarded-session-watch.ts";
import type { Backplane } from "../backplane.ts";
import type { ServerLimits } from "../limits.ts";
import type {
  AnyAuthenticator,
  SessionNotice,
  SessionWatch,
  WatchingAuthenticator,
} from "../session-watch.ts";
import { LimitError } from "../utils/errors.ts";
import { KeyedRateLimiter } from "../utils/keyed-rate-limiter.ts";
import type { Connection } from "./connection.ts";

interface SessionWatchesParts extends Pick<GuardedSessionWatchParts, "guard" | "clock"> {
  readonly backplane: Backplane;
  readonly limits: Pick<ServerLimits, "authenticatesPerSecond" | "authenticateBurst" | "handlerMs">;
  readonly onError: (error: unknown) => void;
}

/** The session watches of this node: one for each authenticator that provides one. */
export class SessionWatches {
  readonly #backplane: Backplane;
  readonly #onError: (error: unknown) => void;
  /** By user: a reconnect gives no new tries. */
  readonly #rate: KeyedRateLimiter;
  readonly #watchParts: GuardedSessionWatchParts;
  readonly #watches = new Map<AnyAuthenticator, SessionWatch>();

  constructor({ backplane, limits, onError, guard, clock }: SessionWatchesParts) {
    this.#backplane = backplane;
    this.#watchParts = { guard, clock, handlerMs: limits.handlerMs };
    this.#onError = onError;
    const { authenticatesPerSecond: perSecond, authenticateBurst: burst } = limits;
    this.#rate = new KeyedRateLimiter(clock, { perSecond, burst });
  }

  /** The watch of an authenticator, created by its first upgrade. */
  watchOf(authenticator: AnyAuthenticator | undefined): SessionWatch | undefined {
    if (authenticator === undefined || !isWatching(authenticator)) return undefined;
    const existing = this.#watches.get(authenticator);
    if (existing !== undefined) return existing;
    const announce = (notice: SessionNotice): void => {
      void callSafely(() => this.#backplane.announce(JSON.stringify(notice)), this.#onError);
    };
    const watch = new GuardedSessionWatch(authenticator.watch({ announce }), this.#watchParts);
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

  /** Hands a notice of another node to every watch. */
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

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
    this.#rate.stop();
  }
}

function isWatching(authenticator: AnyAuthenticator): authenticator is WatchingAuthenticator {
  return "watch" in authenticator && typeof authenticator.watch === "function";
}

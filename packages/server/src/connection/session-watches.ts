import { callSafely } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { GuardedSessionWatchParts } from "../application/guarded-session-watch.ts";
import { GuardedSessionWatch } from "../application/guarded-session-watch.ts";
import type { Backplane } from "../backplane.ts";
import type {
  AnyAuthenticator,
  SessionNotice,
  SessionWatch,
  WatchingAuthenticator,
} from "../session-watch.ts";
import type { Connection } from "./connection.ts";

/** The session watches of this node: one for each authenticator that provides one. */
export class SessionWatches {
  readonly #backplane: Backplane;
  readonly #onError: (error: unknown) => void;
  readonly #watchParts: GuardedSessionWatchParts;
  readonly #watches = new Map<AnyAuthenticator, SessionWatch>();

  constructor(backplane: Backplane, onError: (error: unknown) => void, watchParts: GuardedSessionWatchParts) {
    this.#backplane = backplane;
    this.#watchParts = watchParts;
    this.#onError = onError;
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

  /** @throws HalyardError `unauthenticated` */
  async renew(connection: Connection, ticket: string): Promise<void> {
    if (connection.sessionWatch === undefined) {
      throw new HalyardError("unauthenticated", "This server does not renew sessions in band.");
    }
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
  }
}

function isWatching(authenticator: AnyAuthenticator): authenticator is WatchingAuthenticator {
  return "watch" in authenticator && typeof authenticator.watch === "function";
}

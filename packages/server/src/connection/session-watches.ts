import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import type { Connection } from "./connection.ts";
import type { SessionWatch, WatchingAuthenticator, AnyAuthenticator } from "../session-watch.ts";

/** The session watches of this node: one for each authenticator that provides one. */
export class SessionWatches {
  readonly #backplane: Backplane;
  readonly #onError: (error: unknown) => void;
  readonly #watches = new Map<AnyAuthenticator, SessionWatch>();

  constructor(backplane: Backplane, onError: (error: unknown) => void) {
    this.#backplane = backplane;
    this.#onError = onError;
  }

  /** The watch of an authenticator, created by its first upgrade. */
  watchOf(authenticator: AnyAuthenticator | undefined): SessionWatch | undefined {
    if (authenticator === undefined || !isWatching(authenticator)) return undefined;
    const existing = this.#watches.get(authenticator);
    if (existing !== undefined) return existing;
    const watch = authenticator.watch({
      announce: (notice) => {
        this.#backplane.announce(JSON.stringify(notice)).catch(this.#onError);
      },
    });
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

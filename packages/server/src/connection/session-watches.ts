import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import type { Connection } from "./connection.ts";
import type { AnyAuthenticator } from "../server.ts";
import type { SessionWatch, WatchingAuthenticator } from "../session-watch.ts";

/** The watches of this node, one per authenticator that has one. */
export class Sessions {
  readonly #backplane: Backplane;
  readonly #failed: (error: unknown) => void;
  readonly #watches = new Map<AnyAuthenticator, SessionWatch>();

  constructor(backplane: Backplane, failed: (error: unknown) => void) {
    this.#backplane = backplane;
    this.#failed = failed;
  }

  /** Begins to watch with the first connection that an authenticator lets in. */
  watchOf(authenticator: AnyAuthenticator | undefined): SessionWatch | undefined {
    if (authenticator === undefined || !isWatching(authenticator)) return undefined;
    const known = this.#watches.get(authenticator);
    if (known !== undefined) return known;
    const watch = authenticator.watch({
      announce: (notice) => {
        this.#backplane.announce(JSON.stringify(notice)).catch(this.#failed);
      },
    });
    this.#watches.set(authenticator, watch);
    return watch;
  }

  /** @throws HalyardError `unauthenticated` */
  async renew(connection: Connection, ticket: string): Promise<void> {
    if (connection.watch === undefined) {
      throw new HalyardError("unauthenticated", "This server does not renew sessions in band.");
    }
    await connection.watch.renew(connection, ticket);
  }

  /** What another node announced. */
  readonly onNotice = (data: string): void => {
    let notice: unknown;
    try {
      notice = JSON.parse(data);
    } catch (error) {
      this.#failed(error);
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

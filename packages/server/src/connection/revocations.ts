// Closes all connections of a user or a session, on every node, including those that are still opening or cut off; the handlers of
// lost connections are aborted.
// Called by the manager, by the backplane for revocations of other nodes, and by the handshake before a connection begins.
// Guarantee: a connection that was authenticated before a revocation mark does not stay open once its node can read the mark.
import type { Backplane, Revocation } from "../backplane.ts";
import { RevocationMarks } from "../memory/revocation-marks.ts";
import type { Clock, DisconnectOptions } from "../types.ts";
import { RepeatedCheck } from "../utils/repeated-calls.ts";
import { CloseCode } from "@halyard/protocol/wire";
import type { ConnectionTable } from "./connection-table.ts";
import type { Connection } from "./connection.ts";

/** The dependencies of {@link Revocations}. */
export interface RevocationsParts {
  readonly backplane: Pick<Backplane, "revoke" | "revocations">;
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** How long a mark is stored: longer than a session lasts, because a node may be cut off for days. */
const MARK_MS = 30 * 24 * 3_600_000;
/** How long a mark is kept for connections that are opening: longer than a handshake takes. */
const RECENT_MS = 60_000;
/** How many users or sessions one call asks about. */
const BATCH = 512;

/** Stores and applies revocation marks. */
export class Revocations {
  readonly #parts: RevocationsParts;
  /** The recent marks, for connections that are authenticated and not open yet. */
  readonly #recent = new RevocationMarks();
  readonly #allChecked: RepeatedCheck;

  constructor(parts: RevocationsParts) {
    this.#parts = parts;
    this.#allChecked = new RepeatedCheck({ ...parts, check: () => this.#checkAll() });
  }

  /** @throws HalyardError `unavailable` by rejecting: the connections of this node are closed, other nodes may not know of it */
  disconnectUser(user: string, options: DisconnectOptions): Promise<void> {
    return this.#revoke({ user, notBefore: this.#parts.clock.now(), ...closeOf(options) });
  }

  /** @throws HalyardError `unavailable` by rejecting, as {@link disconnectUser} */
  disconnectSession(session: string, options: DisconnectOptions): Promise<void> {
    return this.#revoke({ session, ...closeOf(options) });
  }

  /** Closes the connections to which a mark applies. */
  readonly onRevoked = (mark: Revocation): void => {
    const now = this.#parts.clock.now();
    this.#recent.sweep(now);
    this.#recent.add(mark, now + RECENT_MS);
    const { connections } = this.#parts;
    const marked =
      "user" in mark
        ? connections.ofUserWithLost(mark.user)
        : connections.withLost().filter((connection) => sessionIdOf(connection) === mark.session);
    for (const connection of marked) connection.close(mark.code, mark.reason);
  };

  /** The mark that applies to a connection that is about to begin, if any. */
  markOf(connection: Connection): Revocation | undefined {
    if (this.#recent.size === 0) return undefined;
    const { userId: user, authenticatedAt } = connection;
    return this.#recent.matching({ user, session: sessionIdOf(connection), authenticatedAt });
  }

  /**
   * Asks for the marks of all connections of this node, because one may have been missed. Resolves when that is done: while the
   * backplane fails, it is asked again every second.
   */
  checkAll(): Promise<void> {
    return this.#allChecked.run();
  }

  stop(): void {
    this.#allChecked.stop();
  }

  async #checkAll(): Promise<void> {
    const all = this.#parts.connections.withLost();
    for (let start = 0; start < all.length; start += BATCH)
      await this.#check(all.slice(start, start + BATCH));
  }

  async #check(connections: readonly Connection[]): Promise<void> {
    const users = new Set(connections.map(({ userId }) => userId));
    const sessions = new Set(connections.flatMap((connection) => sessionIdOf(connection) ?? []));
    const found = await this.#parts.backplane.revocations([...users], [...sessions]);
    if (found.length === 0) return;
    const marks = new RevocationMarks();
    for (const mark of found) marks.add(mark, Infinity);
    for (const connection of connections) {
      const { userId: user, authenticatedAt } = connection;
      const mark = marks.matching({ user, session: sessionIdOf(connection), authenticatedAt });
      if (mark !== undefined) connection.close(mark.code, mark.reason);
    }
  }

  #revoke(mark: Revocation): Promise<void> {
    this.onRevoked(mark);
    return this.#parts.backplane.revoke(mark, MARK_MS);
  }
}

/** The id of the session that a connection was authenticated with. */
export function sessionIdOf({ identity }: Pick<Connection, "identity">): string | undefined {
  const id = (identity.session as { readonly id?: unknown } | undefined)?.id;
  return typeof id === "string" ? id : undefined;
}

function closeOf({ code = CloseCode.Unauthenticated, reason = "" }: DisconnectOptions) {
  return { code, reason };
}

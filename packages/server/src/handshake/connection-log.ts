import type { Connection } from "../connection/connection.ts";
import { isCut } from "../connection/public-profile.ts";
import type { Logger } from "../logger.ts";
import type { ErrorContext } from "../types.ts";
import { printable } from "@halyard/protocol/internal";

/** The dependencies of {@link ConnectionLog}. */
export interface ConnectionLogParts {
  readonly logger: Logger;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Whether each connect and each close is logged at level `info`. @default false */
  readonly verboseLogging: boolean | undefined;
}

/** Logs connects and closes, and reports their failures. */
export class ConnectionLog {
  readonly #parts: ConnectionLogParts;
  #hasWarnedOfProfile = false;

  constructor(parts: ConnectionLogParts) {
    this.#parts = parts;
  }

  connected(connection: Connection): void {
    this.#log("connected", connection);
    this.warnOfCutProfile(connection);
  }

  /** Warns once that a user's name or image is larger than what other users see. */
  warnOfCutProfile({ userId, identity }: Connection): void {
    if (this.#hasWarnedOfProfile || !isCut(identity.user)) return;
    this.#hasWarnedOfProfile = true;
    this.#parts.logger.warn(
      { event: "profile_cut", userId: printable(userId, 64) },
      "A profile is at most 1 KiB: other users see the first 200 characters of a longer name, and no image that does not fit.",
    );
  }

  closed(connection: Connection, code: number): void {
    this.#log("closed", connection, code);
  }

  openedWithoutUser(): void {
    this.#parts.logger.error(
      {},
      "a WebSocket was opened without a user: pass { data: { userId } }, a text of 1 to 900 bytes, to the upgrade",
    );
  }

  /** @param type the hook or the step that failed */
  failed({ ws }: Connection, type: "authorize" | "close" | "open", error: unknown): void {
    this.#parts.report(error, { type, ws });
  }

  #log(event: string, connection: Connection, code?: number): void {
    const { logger, verboseLogging } = this.#parts;
    if (verboseLogging !== true) return;
    const { userId, id } = connection;
    logger.info(
      { event, userId: printable(userId, 64), connectionId: id, ...(code === undefined ? {} : { code }) },
      `connection ${event}`,
    );
  }
}

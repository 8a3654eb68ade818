// Ends connections, whichever side closes them.
// Called by the connection itself (`connection.close`), and by the runtime when a socket has closed.
// Guarantees: each connection ends once, with the code of the first close; frames queued before it are sent first, as far as
// the socket takes them; nothing is accepted after it; the state has changed before any hook is called.
import { CloseCode } from "@halyard/protocol/wire";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { CloseReason, Connection, ConnectionOwner } from "../connection/connection.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import type { Clock, WebSocketInstance } from "../types.ts";
import { truncateCloseReason } from "../utils/text.ts";
import type { ConnectionHooks } from "./connection-hooks.ts";
import type { ConnectionLog } from "./connection-log.ts";
import type { Memberships } from "./memberships.ts";

/** The dependencies of {@link ConnectionCloser}. */
export interface ConnectionCloserParts {
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly securityReporter: SecurityReporter;
  readonly memberships: Memberships;
  readonly hooks: ConnectionHooks;
  readonly log: ConnectionLog;
}

/** Ends connections, and receives their own events as their owner. */
export class ConnectionCloser implements ConnectionOwner {
  readonly #parts: ConnectionCloserParts;
  /** How many connections were closed because their peers read too slowly. */
  slowReaders = 0;

  constructor(parts: ConnectionCloserParts) {
    this.#parts = parts;
  }

  /** Closes a connection from this side. */
  closeConnection(connection: Connection, code: number, cause: string | CloseReason = ""): void {
    if (connection.stage === "closed") {
      if (isRevokingCode(code)) this.#revokeLost(connection);
      return;
    }
    const { reason = "", limit } = typeof cause === "string" ? { reason: cause } : cause;
    // Set before anything is written, because a write that fails must not close the connection with another code.
    connection.stage = "closed";
    connection.isRevoked = isRevokingCode(code);
    if (code === CloseCode.SlowReader) this.slowReaders++;
    connection.writer.write(connection);
    if (code === CloseCode.Forbidden) this.#parts.memberships.forgetGiven(connection);
    this.#detach(connection, code, isDeliberateCode(code));
    this.#attempt(connection, () => {
      connection.ws.close(code, truncateCloseReason(reason));
    });
    this.#parts.securityReporter.recordClose(connection, code, limit);
    this.#parts.hooks.closed(connection, code);
  }

  /** Call when the runtime has closed a socket. @param code @default 1005, a close without a status */
  onSocketClosed(ws: WebSocketInstance, code = 1005): void {
    const connection = this.#parts.connections.of(ws);
    if (connection === undefined || connection.stage === "closed") return;
    connection.stage = "closed";
    this.#detach(connection, code, code === 1000 || code === 1005);
    this.#parts.hooks.closed(connection, code);
  }

  roomJoined(connection: Connection, room: string): void {
    this.#parts.hooks.joined(connection, room);
  }

  roomLeft(connection: Connection, room: string): void {
    this.#parts.hooks.left(connection, room);
  }

  identityChanged(connection: Connection): void {
    const { connections, log, memberships } = this.#parts;
    if (connection.stage === "closed") return;
    connections.update(connection);
    log.warnOfCutProfile(connection);
    this.#attempt(connection, () => {
      memberships.reauthorize(connection);
    });
  }

  #detach(connection: Connection, code: number, isDeliberate: boolean): void {
    const { clock, connections, log, memberships } = this.#parts;
    connections.remove(connection);
    clock.clearTimeout(connection.helloTimer);
    // Waiting ephemeral messages, such as the last position of a cursor, are still useful: like waiting sends, only a
    // revocation drops them.
    if (connection.isRevoked) connection.ephemeral?.clear();
    else connection.ephemeral?.end();
    this.#attempt(connection, () => {
      connection.writer.forget(connection);
    });
    this.#attempt(connection, () => {
      memberships.leaveAll(connection, isDeliberate);
    });
    const work = connection.isRevoked ? undefined : connection.whenHandled();
    if (work === undefined) this.#unwatch(connection);
    // A ban or a sign-out must still find the connection.
    else void connections.hold(connection, work).then(() => this.#unwatch(connection));
    // Last, because these call the application in this turn.
    connection.serverRequests?.rejectAll();
    if (connection.isRevoked) connection.abortHandlers();
    log.closed(connection, code);
  }

  #unwatch(connection: Connection): void {
    this.#attempt(connection, () => connection.sessionWatch?.closed(connection));
  }

  /** Aborts the handlers of a lost connection whose user was signed out or banned. */
  #revokeLost(connection: Connection): void {
    if (connection.isRevoked) return;
    connection.isRevoked = true;
    this.#attempt(connection, () => {
      connection.abortHandlers();
    });
  }

  /** Runs one step of a close; a step that throws does not stop the others. */
  #attempt(connection: Connection, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#parts.log.failed(connection, "close", error);
    }
  }
}

/**
 * Codes from 4400 on end a connection for good: its running work must have no effect. A replaced connection is an exception,
 * because the same client waits for the results on its newer connection.
 */
function isRevokingCode(code: number): boolean {
  return code >= CloseCode.ProtocolBroken && code !== CloseCode.Superseded;
}

/** After a sign-out or a ban, others see the user leave at once; after any other close by the server, the client may return. */
function isDeliberateCode(code: number): boolean {
  return code === CloseCode.Unauthenticated || code === CloseCode.Forbidden;
}

// The end of a connection, from either side.
// Called by the connection itself (`connection.close`) and by the runtime when a socket has closed.
// Guarantees: frames written before a close go out first; nothing is accepted after it; each connection ends once.
import { CloseCode } from "@halyard/protocol/wire";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { CloseReason, Connection, ConnectionOwner } from "../connection/connection.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import type { Clock, WebSocketInstance } from "../types.ts";
import { truncateCloseReason } from "../utils/text.ts";
import type { ConnectionHooks } from "./connection-hooks.ts";
import type { ConnectionLog } from "./connection-log.ts";
import type { Memberships } from "./memberships.ts";

/** What {@link ConnectionCloser} uses. */
export interface ConnectionCloserParts {
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly securityReporter: SecurityReporter;
  readonly memberships: Memberships;
  readonly hooks: ConnectionHooks;
  readonly log: ConnectionLog;
}

/** Close codes from here on end a connection for good: work under way must have no effect. */
const FIRST_REVOKING_CODE = 4400;

/** Ends connections, and owns what happens to them from inside. */
export class ConnectionCloser implements ConnectionOwner {
  readonly #parts: ConnectionCloserParts;

  constructor(parts: ConnectionCloserParts) {
    this.#parts = parts;
  }

  /** Ends a connection from this side. */
  closeConnection(connection: Connection, code: number, cause: string | CloseReason = ""): void {
    if (connection.stage === "closed") return;
    const { reason = "", limit } = typeof cause === "string" ? { reason: cause } : cause;
    this.#parts.securityReporter.recordClose(connection, code, limit);
    connection.writer.write(connection);
    this.#detach(connection, code, isDeliberateCode(code));
    try {
      connection.ws.close(code, truncateCloseReason(reason));
    } catch (error) {
      this.#parts.log.failed(connection, "close", error);
    }
  }

  /** The runtime has closed a socket. @param code without one it is 1005, a close without a status */
  onSocketClosed(ws: WebSocketInstance, code = 1005): void {
    const connection = this.#parts.connections.of(ws);
    if (connection !== undefined) this.#detach(connection, code, code === 1000 || code === 1005);
  }

  identityChanged(connection: Connection): void {
    const { connections, log, memberships } = this.#parts;
    if (connection.stage === "closed") return;
    connections.update(connection);
    log.warnOfCutProfile(connection);
    memberships.reauthorize(connection).catch((error: unknown) => {
      log.failed(connection, "authorize", error);
    });
  }

  #detach(connection: Connection, code: number, isDeliberate: boolean): void {
    const { clock, connections, hooks, log, memberships } = this.#parts;
    if (!connections.remove(connection)) return;
    connection.stage = "closed";
    connection.writer.forget(connection);
    connection.sessionWatch?.closed(connection);
    clock.clearTimeout(connection.helloTimer);
    connection.ephemeral?.clear();
    connection.serverRequests?.rejectAll();
    if (code >= FIRST_REVOKING_CODE) {
      connection.isRevoked = true;
      connection.sendQueue.clear();
      connection.sendQueue.running?.abort();
    }
    hooks.closing(connection);
    memberships.leaveAll(connection, isDeliberate);
    log.closed(connection, code);
    hooks.disconnected(connection, code);
  }
}

/** A sign-out and a ban are shown to others at once; after any other close by the server a client may return. */
function isDeliberateCode(code: number): boolean {
  return code === CloseCode.Unauthenticated || code === CloseCode.Forbidden;
}

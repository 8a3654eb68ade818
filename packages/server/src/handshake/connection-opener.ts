// Creates the connection of a socket that has opened.
// Called by the adapter of each runtime and by `manager.handleOpen`.
// Guarantees: the connection table holds the connection when `open` returns; admission and the welcome follow; a node that has ended
// opens none.
import { CloseCode, SUBPROTOCOL } from "@halyard/protocol/wire";
import type { UpgradeDetails } from "../connection/upgrade-details.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import { Connection } from "../connection/connection.ts";
import type { ConnectionServices } from "../connection/connection.ts";
import { hasUserId, identityOf } from "../connection/socket-data.ts";
import { transportOf } from "../delivery/socket-transports.ts";
import type { Clock, WebSocketInstance } from "../types.ts";
import { dateOf } from "@halyard/protocol/internal";
import type { ConnectionAdmitter } from "./connection-admitter.ts";
import type { ConnectionLog } from "./connection-log.ts";

/** The dependencies of {@link ConnectionOpener}. */
export interface ConnectionOpenerParts {
  readonly connections: ConnectionTable;
  readonly nextConnectionId: () => string;
  readonly clock: Clock;
  readonly services: ConnectionServices;
  readonly admitter: ConnectionAdmitter;
  readonly log: ConnectionLog;
}

/** The number of parts over which a round of pings is spread. */
const HEARTBEAT_BUCKETS = 1_000;
const GOING_AWAY = 1001;

/** Creates the connections of open sockets. */
export class ConnectionOpener {
  /** Whether the node has ended: a socket whose upgrade was decided only now is closed. */
  hasEnded = false;
  readonly #parts: ConnectionOpenerParts;

  constructor(parts: ConnectionOpenerParts) {
    this.#parts = parts;
  }

  /**
   * @param details what the upgrade found out; without them, `ws.data` identifies the user
   * @returns undefined for a socket without a user, or on a node that has ended: it was closed
   */
  open(ws: WebSocketInstance, details?: UpgradeDetails): Connection | undefined {
    const { admitter, clock, connections, log, nextConnectionId, services } = this.#parts;
    if (!hasUserId(ws)) {
      log.openedWithoutUser();
      ws.close(CloseCode.Unauthenticated);
      return undefined;
    }
    if (this.hasEnded) {
      ws.close(GOING_AWAY);
      return undefined;
    }
    const existing = connections.of(ws);
    if (existing !== undefined) return existing;
    const connection = new Connection({
      id: details?.connectionId ?? nextConnectionId(),
      ws,
      transport: details?.transport ?? transportOf(ws),
      identity: details?.identity ?? identityOf(ws.data),
      openedAt: dateOf(clock),
      authenticatedAt: details?.authenticatedAt,
      now: clock.now(),
      services,
      heartbeatBucket: Math.floor(clock.random() * HEARTBEAT_BUCKETS),
      client: details?.client,
    });
    connection.isV1 = details?.isV1 ?? (ws.data as { readonly protocol?: unknown }).protocol === SUBPROTOCOL;
    connection.attempt = details?.attempt ?? 1;
    connection.sessionWatch = details?.watch;
    connection.address = details?.address;
    connections.add(connection);
    log.connected(connection);
    connection.sessionWatch?.opened(connection);
    void admitter.begin(connection, details?.admission);
    return connection;
  }
}

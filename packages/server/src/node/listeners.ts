// The event listeners of every WebSocket on Node, and the socket class that they use.
// Called by NodeWebSocketServer, which creates them once and adds the same functions to each socket.
// Guarantees: listeners allocate nothing per connection; binary frames close the connection with 4400.
import type { RawData } from "ws";
import { WebSocket } from "ws";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionCloser } from "../handshake/connection-closer.ts";
import type { Logger } from "../logger.ts";
import type { Inbound } from "../messages/inbound.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import type { WebSocketData } from "../types.ts";
import { closeCodeOf } from "./close-code.ts";
import type { ReadFairly } from "./fair-reader.ts";

/** A socket that knows its connection, so that all sockets share the same listeners. */
export class NodeSocket extends WebSocket {
  data: WebSocketData = { userId: "" };
  connection: Connection | undefined = undefined;
}

/** The listeners, named after their events. */
export interface Listeners {
  readonly onError: (this: WebSocket, error: Error & { readonly code?: string }) => void;
  readonly onMessage: (this: WebSocket, message: RawData, isBinary: boolean) => void;
  /** Listens to `ping` and `pong`. */
  readonly onControl: (this: WebSocket) => void;
  readonly onClose: (this: WebSocket, code: number) => void;
}

/** What the listeners call. */
export interface ListenerParts {
  readonly closer: Pick<ConnectionCloser, "onSocketClosed">;
  readonly inbound: Pick<Inbound, "receive" | "onPingOrPong">;
  readonly securityReporter: Pick<SecurityReporter, "recordProtocolError">;
  readonly logger: Logger;
  readonly readFairly: ReadFairly;
}

export function createListeners(parts: ListenerParts): Listeners {
  const { closer, inbound, securityReporter, logger, readFairly } = parts;
  return {
    onError({ code }) {
      // A `close` event follows and ends the connection.
      const connection = connectionOf(this);
      logger.debug({ connectionId: connection?.id, code }, "socket error");
      const closeCode = closeCodeOf(code);
      if (closeCode !== undefined && connection !== undefined)
        securityReporter.recordProtocolError(connection, closeCode);
    },
    onMessage(message, isBinary) {
      const connection = connectionOf(this);
      if (connection === undefined) return;
      if (isBinary) {
        connection.close(4400, "frames are text");
        return;
      }
      const text = (message as Buffer).toString();
      readFairly(this, text, connection.floodWatch?.isFlooded);
      inbound.receive(connection, text);
    },
    onControl() {
      const connection = connectionOf(this);
      if (connection !== undefined) inbound.onPingOrPong(connection);
    },
    onClose(code) {
      if (this instanceof NodeSocket) closer.onSocketClosed(this, code);
    },
  };
}

function connectionOf(ws: WebSocket): Connection | undefined {
  return ws instanceof NodeSocket ? ws.connection : undefined;
}

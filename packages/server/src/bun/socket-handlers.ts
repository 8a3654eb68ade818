// The handlers of the sockets of one system on Bun.
// Called by Bun, or by the combined handlers of several systems.
// Guarantees: only a socket that this system upgraded becomes one of its connections; any other socket that opens is closed with 1011.
// A socket that was opened before Bun got these handlers, as with `bun --hot`, is closed with 1012 at its next sign of life.
import type { Assembly } from "../assembly.ts";
import type { Connection } from "../connection/connection.ts";
import type { UpgradeDetails } from "../connection/upgrade-details.ts";
import { readableBytes } from "../delivery/frame-size.ts";
import { OPEN } from "../delivery/ready-state.ts";
import { MAX_PAYLOAD_BYTES } from "../limits.ts";
import type { ServerLimits } from "../limits.ts";
import type { WebSocketInstance } from "../types.ts";
import type { BunConnection, BunHandlers } from "./bun-server.ts";

const FOREIGN_SOCKET =
  "a WebSocket that this system has not upgraded is closed with 1011; where systems share a server, write " +
  "const { fetch, websocket } = combineBunWebSockets(a, b), and pass other handlers as { websocket }";

export function createSocketHandlers(
  { clock, closer, connections, inbound, limits, logger, opener, securityReporter }: Assembly,
  pendingUpgrades: Map<string, UpgradeDetails>,
): BunHandlers {
  let hasLogged = false;
  const closeForeign = (ws: WebSocketInstance): void => {
    ws.close(1011);
    if (hasLogged) return;
    hasLogged = true;
    logger.error({ code: 1011 }, FOREIGN_SOCKET);
  };
  /** The connection of an open socket, which is closed when it has none: its client then connects to this system. */
  const connectionOf = (ws: WebSocketInstance): Connection | undefined => {
    const connection = connections.of(ws);
    if (connection === undefined && ws.readyState === OPEN) ws.close(1012, "reloaded");
    return connection;
  };
  const onPingOrPong = (ws: WebSocketInstance): void => {
    const connection = connectionOf(ws);
    if (connection !== undefined) inbound.onPingOrPong(connection);
  };
  return {
    data: undefined as unknown as BunConnection,
    open: (ws) => {
      const id = connectionIdOf(ws);
      const details = id === undefined ? undefined : pendingUpgrades.get(id);
      if (id === undefined || details === undefined) {
        closeForeign(ws);
        return;
      }
      pendingUpgrades.delete(id);
      opener.open(ws, details);
    },
    message: (ws, message) => {
      const connection = connectionOf(ws);
      if (connection === undefined) return;
      if (typeof message === "string") inbound.receive(connection, message);
      else connection.close(4400, "frames are text");
    },
    drain: (ws) => {
      connections.of(ws)?.onProgress(clock.now());
    },
    ping: onPingOrPong,
    pong: onPingOrPong,
    close: (ws, code, reason) => {
      const handshakeError = code === 1006 ? protocolErrorFromReason(reason) : undefined;
      const connection = handshakeError === undefined ? undefined : connections.of(ws);
      if (handshakeError !== undefined && connection !== undefined)
        securityReporter.recordProtocolError(connection, handshakeError);
      closer.onSocketClosed(ws, code);
    },
    sendPings: false,
    idleTimeout: idleSeconds(limits),
    maxPayloadLength: readableBytes(limits),
    // The connection is closed above `maxBufferedBytes`, and also when Bun drops a frame.
    backpressureLimit: Math.min(limits.maxBufferedBytes + MAX_PAYLOAD_BYTES, MAX_BACKPRESSURE_BYTES),
    closeOnBackpressureLimit: false,
    perMessageDeflate: false,
  };
}

/** Bun's longest time-out, in seconds; 0 disables it. */
const MAX_IDLE_SECONDS = 960;
/** The largest number that Bun accepts. */
const MAX_BACKPRESSURE_BYTES = 2 ** 31 - 1;

/** The heartbeat closes a silent peer after `silenceMs`; the runtime's own time-out must not be shorter. */
function idleSeconds({ silenceMs }: ServerLimits): number {
  const seconds = Math.max(120, Math.ceil(silenceMs / 1_000) + 60);
  return seconds > MAX_IDLE_SECONDS ? 0 : seconds;
}

/** Bun reports a protocol violation as 1006 with its own reason text; a peer itself cannot send 1006. */
function protocolErrorFromReason(reason: string): number | undefined {
  if (!reason.startsWith("Received ")) return undefined;
  return reason.includes("UTF-8") ? 1007 : reason.includes("too big") ? 1009 : 1002;
}

/** The connection id in a socket's data. The application may have upgraded a socket without any data. */
export function connectionIdOf({ data }: WebSocketInstance): string | undefined {
  const { connectionId } = (data ?? {}) as Partial<BunConnection>;
  return typeof connectionId === "string" ? connectionId : undefined;
}

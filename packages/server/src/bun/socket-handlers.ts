// The handlers of the sockets of one system on Bun.
// Called by Bun, or by the handlers of several systems.
// Guarantee: only a socket that this system has upgraded becomes a connection of it; any other is closed with 1011.
import type { Assembly } from "../assembly.ts";
import type { UpgradeDetails } from "../connection/upgrade-details.ts";
import { readableBytes } from "../delivery/frame-size.ts";
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
  const onPingOrPong = (ws: WebSocketInstance): void => {
    const connection = connections.of(ws);
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
      const connection = connections.of(ws);
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
    // Above `maxBufferedBytes` the connection is closed, and a frame that is dropped closes it, too.
    backpressureLimit: Math.min(limits.maxBufferedBytes + MAX_PAYLOAD_BYTES, MAX_BACKPRESSURE_BYTES),
    closeOnBackpressureLimit: false,
    perMessageDeflate: false,
  };
}

/** Bun's longest time-out, in seconds; 0 is none. */
const MAX_IDLE_SECONDS = 960;
/** What Bun can count. */
const MAX_BACKPRESSURE_BYTES = 2 ** 31 - 1;

/** A peer that is pinged and silent is closed after `silenceMs`; the runtime must not be faster. */
function idleSeconds({ silenceMs }: ServerLimits): number {
  const seconds = Math.max(120, Math.ceil(silenceMs / 1_000) + 60);
  return seconds > MAX_IDLE_SECONDS ? 0 : seconds;
}

/** Bun reports a violation of the protocol as 1006 with a text of its own; no peer can send the code 1006. */
function protocolErrorFromReason(reason: string): number | undefined {
  if (!reason.startsWith("Received ")) return undefined;
  return reason.includes("UTF-8") ? 1007 : reason.includes("too big") ? 1009 : 1002;
}

/** The application may have upgraded a socket without any data. */
export function connectionIdOf({ data }: WebSocketInstance): string | undefined {
  const { connectionId } = (data ?? {}) as Partial<BunConnection>;
  return typeof connectionId === "string" ? connectionId : undefined;
}

// The entry for Node: attaches WebSockets to an HTTP server that the application has made.
// Called by the application once per server and path.
// Guarantees: requests for other paths reach the application's own listeners untouched, also after detaching.
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyProtocol } from "@halyard/protocol";
import { rejection } from "./handshake/upgrade-rejection.ts";
import type { WebSocketManager } from "./manager.ts";
import { internalsOf } from "./manager.ts";
import { interceptRequests } from "./node/intercept-requests.ts";
import { NodeWebSocketServer } from "./node/node-server.ts";
import { writeRejection } from "./node/write-rejection.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import { applyKillSwitches, readKillSwitches } from "./utils/kill-switches.ts";

/** What {@link attachWebSocketServer} takes. */
export interface AttachOptions<TProtocol extends AnyProtocol> {
  /** The manager whose connections the sockets become. */
  readonly manager: WebSocketManager<TProtocol>;
  /** The path that clients connect to, without a query. @default "/ws" */
  readonly path?: string | undefined;
  /** Decides who may connect on this path, in place of the system's `authenticate`. @default the system's */
  readonly authenticate?: AnyAuthenticator | undefined;
  /**
   * Compress messages of 1 KiB and more for clients that support it (permessage-deflate, no context takeover). A
   * broadcast is compressed once. Use it where bandwidth costs more than processor time.
   * @default false
   */
  readonly compression?: boolean | undefined;
}

/**
 * Serves WebSockets on a path of a Node HTTP server, beside whatever else the server does. Requests for other paths
 * are not touched.
 *
 * @returns detaches: open sockets stay, new ones are not taken
 * @example
 * const detach = attachWebSocketServer(httpServer, { manager, path: "/ws" });
 */
export function attachWebSocketServer<TProtocol extends AnyProtocol>(
  server: Server,
  options: AttachOptions<TProtocol>,
): () => void {
  const internals = internalsOf(options.manager);
  const { backplane, limits, logger, writer } = internals;
  const switches = readKillSwitches(process.env);
  applyKillSwitches(switches, { writer, backplane, logger });
  const { authenticate, compression } = options;
  const sockets = new NodeWebSocketServer(internals, { authenticate, compression, switches });
  // Node waits a minute for a request's headers. A value that the application has set stays.
  if (server.headersTimeout === NODE_HEADERS_MS) server.headersTimeout = limits.handshakeMs;
  const path = options.path ?? "/ws";
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (hasPath(request, path)) void sockets.upgrade(request, socket, head);
    else if (server.listenerCount("upgrade") === 1) writeRejection(socket, NOT_FOUND);
  };
  server.on("upgrade", onUpgrade);
  const restore = interceptRequests(server, (request, response) => {
    if (!hasPath(request, path)) return false;
    void sockets.probe(request, response);
    return true;
  });
  return () => {
    server.off("upgrade", onUpgrade);
    restore();
  };
}

const NODE_HEADERS_MS = 60_000;
const NOT_FOUND = rejection(404, undefined);

/** Compares the path as it came: a URL parser would take `//evil.com/ws` for another host. */
function hasPath({ url = "/" }: IncomingMessage, path: string): boolean {
  const end = url.indexOf("?");
  return (end === -1 ? url : url.slice(0, end)) === path;
}

// The entry for Node: serves WebSockets on a path of an HTTP server that the application has made.
// Called by the application once per server and path.
// Guarantees: requests for other paths reach the application's own listeners untouched, also after detaching.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyProtocol } from "@halyard/protocol";
import { listenForSignals } from "./attach/close-on-signals.ts";
import type { ClosableManager, CloseOptions as SignalOptions } from "./attach/close-on-signals.ts";
import type { PathOption } from "./attach/request-path.ts";
import { createPathMatcher, pathnameOf } from "./attach/request-path.ts";
import type { WebSocketManager } from "./manager.ts";
import { internals as allInternals } from "./manager.ts";
import { internalsOf } from "./attach/require-manager.ts";
import type { HttpServer } from "./node/http-server.ts";
import { closeHttpServer, requireHttp1Server } from "./node/http-server.ts";
import { NodeWebSocketServer } from "./node/node-server.ts";
import type { PlainRequest, PlainResponse } from "./node/plain-request.ts";
import type { Attachment } from "./node/upgrade-router.ts";
import { attachTo } from "./node/upgrade-router.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import { applyKillSwitches, readKillSwitches } from "./utils/kill-switches.ts";
import { requireAuthenticator } from "./attach/require-authenticator.ts";
import { warnOfSeveralProcesses } from "./node/several-processes.ts";

export type { HttpServer, PathOption, PlainRequest, PlainResponse };

declare global {
  interface HalyardRawRequests {
    readonly node: IncomingMessage;
  }
}

/** What {@link attachWebSocketServer} and {@link createNodeWebSocket} take. */
export interface AttachOptions<TProtocol extends AnyProtocol> {
  /** The manager whose connections the sockets become. */
  readonly manager: WebSocketManager<TProtocol>;
  /**
   * The path that clients connect to, without a query, with or without a slash at its end; or a function that decides
   * about a path, at once.
   * @default "/ws"
   */
  readonly path?: PathOption | undefined;
  /** Decides who may connect on this path, in place of the system's `authenticate`. @default the system's */
  readonly authenticate?: AnyAuthenticator | undefined;
  /**
   * Compress messages of 1 KiB and more for clients that support it (permessage-deflate, no context takeover). A
   * broadcast is compressed once. Use it where bandwidth costs more than processor time.
   * @default false
   */
  readonly compression?: boolean | undefined;
}

/** One path of a server whose `upgrade` event a framework owns. */
export interface NodeWebSocket {
  /**
   * Takes an upgrade of its path.
   *
   * @returns whether it was one; otherwise nothing was touched
   */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => boolean;
  /**
   * Answers a plain request of its path with the status that an upgrade would get.
   *
   * @returns whether it was one; otherwise nothing was touched
   */
  readonly handleRequest: (request: PlainRequest, response: PlainResponse) => boolean;
}

/**
 * Serves WebSockets on a path of a Node HTTP server, beside whatever else the server does. Other requests, and upgrades
 * of other paths, go to the application's own listeners. An upgrade that none of them answers gets 404.
 *
 * @returns detaches: open sockets stay, new ones are not taken
 * @throws TypeError for what is no HTTP server, for a path that is taken or that no request can have, and without a manager or
 * an authenticator
 * @example
 * const detach = attachWebSocketServer(httpServer, { manager, path: "/ws" });
 */
export function attachWebSocketServer<TProtocol extends AnyProtocol>(
  server: HttpServer,
  options: AttachOptions<TProtocol>,
): () => void {
  const http1Server = requireHttp1Server(server);
  return attachTo(http1Server, createAttachment("attachWebSocketServer(server, { manager })", options));
}

/**
 * The same for one path of a server whose `upgrade` event something else owns. {@link attachWebSocketServer} uses it, too.
 *
 * @throws TypeError for a path that no request can have, and without a manager or an authenticator
 * @example
 * const { handleUpgrade } = createNodeWebSocket({ manager, path: "/ws" });
 * server.on("upgrade", (request, socket, head) => {
 *   if (!handleUpgrade(request, socket, head)) socket.destroy();
 * });
 */
export function createNodeWebSocket<TProtocol extends AnyProtocol>(
  options: AttachOptions<TProtocol>,
): NodeWebSocket {
  const { handleUpgrade, handleRequest } = createAttachment("createNodeWebSocket({ manager })", options);
  return { handleUpgrade, handleRequest };
}

/** The options of {@link closeOnSignals}. */
export interface CloseOptions extends SignalOptions {
  /** Closed when the connections are gone: requests that are being answered have 5 s. @default none */
  readonly server?: HttpServer | undefined;
}

/**
 * Ends the process at SIGTERM or SIGINT: drains and closes the manager, closes the server, calls `onClose` and exits with 0. While it
 * drains, upgrades get 503, `manager.health().ready` is false, and other requests are answered. It exits with 1 when a step fails or
 * the time is up, and at a second signal at once. What it does it writes to stdout, in a line each, and what fails to stderr.
 *
 * @returns takes it back
 * @example
 * closeOnSignals(manager, { server, onClose: () => database.end() });
 */
export function closeOnSignals(manager: ClosableManager, options: CloseOptions = {}): () => void {
  const { server } = options;
  const closeServer = server && (() => closeHttpServer(server));
  return listenForSignals(manager, options, { process, closeServer });
}

function createAttachment<TProtocol extends AnyProtocol>(
  call: string,
  options: AttachOptions<TProtocol>,
): Attachment {
  const internals = internalsOf(allInternals, call, options);
  const { authenticate, compression, path: option } = options;
  const { path, matches } = createPathMatcher(option, internals.report);
  const { backplane, limits, logger, upgrades, writer } = internals;
  requireAuthenticator(authenticate, upgrades.authenticator);
  warnOfSeveralProcesses(internals);
  const switches = readKillSwitches(process.env);
  applyKillSwitches(switches, { writer, backplane, logger });
  const sockets = new NodeWebSocketServer(internals, { authenticate, compression, switches });
  const hasPath = ({ url = "/" }: PlainRequest): boolean => matches(pathnameOf(url));
  return {
    path,
    handshakeMs: limits.handshakeMs,
    hasPath,
    warn: (event, message) => {
      logger.warn({ event }, message);
    },
    handleUpgrade(request, socket, head) {
      if (!hasPath(request)) return false;
      sockets.upgrade({ request, socket, head });
      return true;
    },
    handleRequest(request, response) {
      if (!hasPath(request)) return false;
      void sockets.probe(request, response);
      return true;
    },
  };
}

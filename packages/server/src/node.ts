// The entry for Node: serves WebSockets on a path of an HTTP server that the application created.
// Called by the application once per server and path.
// Guarantee: requests for other paths reach the application's own listeners untouched, even after detaching.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyProtocol } from "@halyard/protocol";
import { listenForSignals } from "./attach/close-on-signals.ts";
import type { ClosableManager, CloseOptions as SignalOptions } from "./attach/close-on-signals.ts";
import type { PathOption } from "./attach/request-path.ts";
import { createPathMatcher, pathnameOf, targetOf } from "./attach/request-path.ts";
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

/** The options of {@link attachWebSocketServer} and {@link createNodeWebSocket}. */
export interface AttachOptions<TProtocol extends AnyProtocol> {
  /** The manager whose connections the sockets become. */
  readonly manager: WebSocketManager<TProtocol>;
  /**
   * The path that clients connect to, without a query, with or without a trailing slash; or a function that decides
   * synchronously whether a path is served.
   * @default "/ws"
   */
  readonly path?: PathOption | undefined;
  /** Decides who may connect on this path, instead of the system's `authenticate`. @default the system's `authenticate` */
  readonly authenticate?: AnyAuthenticator | undefined;
  /**
   * Compresses messages of 1 KiB and more for clients that support it (permessage-deflate, no context takeover). A
   * broadcast is compressed once. Use it where bandwidth costs more than processor time.
   * @default false
   */
  readonly compression?: boolean | undefined;
}

/** Serves one path of a server whose `upgrade` event belongs to a framework. */
export interface NodeWebSocket {
  /**
   * Handles an upgrade request if it is for this path.
   *
   * @returns whether it was; otherwise the request is untouched
   */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => boolean;
  /**
   * Answers a plain request for this path with the status that an upgrade would get.
   *
   * @returns whether it was; otherwise the request is untouched
   */
  readonly handleRequest: (request: PlainRequest, response: PlainResponse) => boolean;
}

/**
 * Serves WebSockets on a path of a Node HTTP server, alongside everything else that the server does. Other requests, and upgrades
 * for other paths, go to the application's own listeners. An upgrade that none of them answers gets 404.
 *
 * @returns a function that detaches: open sockets stay, new ones are not accepted
 * @throws TypeError for a value that is not an HTTP server, for a path that is taken or that no request can have, and without a manager or
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
 * Creates handlers for one path of a server whose `upgrade` event belongs to something else. Used by {@link attachWebSocketServer} itself.
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
  /** Closed when the connections are closed; requests that are still being answered get 5 s. @default none */
  readonly server?: HttpServer | undefined;
}

/**
 * Ends the process on SIGTERM or SIGINT: drains and closes the manager, closes the server, calls `onClose` and exits with 0. While it
 * drains, upgrades get 503, `manager.health().ready` is false, and other requests are still answered. It exits with 1
 * when a step fails or at the time-out, and immediately on a second signal. It writes a line to stdout for each step, and
 * failures to stderr. With a call for each of several managers, it exits when all of them are closed.
 *
 * @returns a function that stops listening for the signals
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
  const hasPath = ({ url = "/" }: PlainRequest): boolean => matches(pathnameOf(targetOf(url)));
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

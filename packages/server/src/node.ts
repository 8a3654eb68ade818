import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { RawData, ServerOptions } from "ws";
import { WebSocket, WebSocketServer } from "ws";
import { interceptRequests } from "./node/intercept-requests.ts";
import type { Assembly } from "./assembly.ts";
import type { Connection } from "./connection/connection.ts";
import type { MaybePromise } from "./utils/maybe-promise.ts";
import type { WebSocketManager } from "./manager.ts";
import { internalsOf } from "./manager.ts";
import { closeCodeOf } from "./node/close-code.ts";
import { nodeTransports } from "./node/node-transport.ts";
import { toUpgradeRequest } from "./node/upgrade-request.ts";
import { attachFastTextReader } from "./node/fast-text-reader.ts";
import type { GetHeader } from "./security/client-address.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import { validateHandshake, METHOD_NOT_ALLOWED, rejection } from "./handshake/upgrade-rejection.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import type { AcceptedUpgrade } from "./server.ts";
import { isRejection } from "./server.ts";
import type { Transport } from "./delivery/transport.ts";
import type { Clock, WebSocketData } from "./types.ts";

export interface AttachOptions<TProtocol extends AnyProtocol> {
  readonly manager: WebSocketManager<TProtocol>;
  /** @default "/ws" */
  readonly path?: string | undefined;
  /** @default the system's */
  readonly authenticate?: AnyAuthenticator | undefined;
  /**
   * Compress messages of 1 KiB and more for clients that can (permessage-deflate, no context takeover). A broadcast is
   * compressed once. Worth it where bandwidth costs more than time.
   * @default false
   */
  readonly compression?: boolean | undefined;
}

/** The largest frame that is read at all; the manager's own limit answers politely below it. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

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
  const glue = new NodeWebSocketServer(internals, options);
  // Node gives a request a minute to say what it is. Who has chosen a time of their own keeps it.
  if (server.headersTimeout === NODE_HEADERS_MS) server.headersTimeout = internals.limits.handshakeMs;
  const path = options.path ?? "/ws";
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (isAt(path, request)) glue.upgrade(request, socket, head);
    else if (server.listenerCount("upgrade") === 1) writeRejection(socket, NOT_FOUND);
  };
  server.on("upgrade", onUpgrade);
  const restore = interceptRequests(server, (request, response) => {
    if (!isAt(path, request)) return false;
    glue.probe(request, response);
    return true;
  });
  return () => {
    server.off("upgrade", onUpgrade);
    restore();
  };
}

const NODE_HEADERS_MS = 60_000;
const NOT_FOUND = rejection(404, undefined);
const BAD_REQUEST = rejection(400, "bad_request");

/** A socket that knows whose it is, so that all of them share the same listeners. */
class NodeSocket extends WebSocket {
  data: WebSocketData = { userId: "" };
  connection: Connection | undefined = undefined;
}

const SERVER_OPTIONS: ServerOptions = {
  WebSocket: NodeSocket,
  noServer: true,
  clientTracking: false,
  maxPayload: MAX_PAYLOAD_BYTES,
  maxFragments: 64,
  maxBufferedChunks: 1024,
  // Never an echo of the first offer: it may be a ticket.
  handleProtocols: (offers) => (offers.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
};

const COMPRESS_ABOVE = 1024;
const DEFLATE = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: COMPRESS_ABOVE,
};

type NodeServerOptions = Pick<AttachOptions<AnyProtocol>, "authenticate" | "compression">;

class NodeWebSocketServer {
  readonly #internals: Assembly;
  readonly #authenticate: AnyAuthenticator | undefined;
  readonly #sockets: WebSocketServer;
  readonly #transportOf: (ws: WebSocket) => Transport;
  readonly #listeners: Listeners;
  readonly #attachFastReader: (ws: NodeSocket) => void;

  constructor(internals: Assembly, { authenticate, compression = false }: NodeServerOptions) {
    this.#internals = internals;
    this.#authenticate = authenticate;
    const perMessageDeflate = compression && DEFLATE;
    const closeTimeout = internals.limits.closeMs;
    // `closeTimeout` is newer than the types of ws.
    const options = { ...SERVER_OPTIONS, perMessageDeflate, closeTimeout };
    this.#sockets = new WebSocketServer(options);
    this.#transportOf = nodeTransports(compression ? { compressAbove: COMPRESS_ABOVE } : {});
    this.#listeners = listenersOf(internals);
    this.#attachFastReader = attachFastTextReader(({ connection }, text, isNext) => {
      if (connection !== undefined) internals.inbound.receive(connection, text, isNext);
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // First of all: a reset while authentication is under way would end the process.
    let isClosed = false;
    const onClosed = (): void => {
      isClosed = true;
    };
    socket.on("error", onClosed);
    socket.on("close", onClosed);
    const receive = (answer: AcceptedUpgrade | UpgradeRejection): void => {
      if (isClosed) {
        if (!isRejection(answer)) this.#internals.upgrades.abandon(answer);
        return;
      }
      socket.off("error", onClosed);
      socket.off("close", onClosed);
      if (isRejection(answer)) writeRejection(socket, answer);
      else this.#accept(answer, { request, socket, head });
    };
    const fail = (error: unknown): void => {
      this.#internals.report(error, { type: "upgrade", ws: undefined });
      socket.destroy();
    };
    try {
      const answer = this.#authorizeUpgrade(request);
      if (answer instanceof Promise) answer.then(receive).catch(fail);
      else receive(answer);
    } catch (error) {
      fail(error);
    }
  }

  probe(request: IncomingMessage, response: ServerResponse): void {
    const upgrade = toUpgradeRequest(request);
    const { upgrades } = this.#internals;
    const answer =
      request.method === "GET"
        ? upgrades.probe(upgrade, this.#authenticate)
        : upgrades.rejectEarly(upgrade, METHOD_NOT_ALLOWED);
    void Promise.resolve(answer).then(({ status, headers }) => {
      response.writeHead(status, headers).end();
    });
  }

  #authorizeUpgrade(request: IncomingMessage): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const { upgrades } = this.#internals;
    const upgrade = toUpgradeRequest(request);
    const header: GetHeader = (name) => request.headers[name] as string | undefined;
    const handshakeError =
      request.httpVersionMinor < 1 ? BAD_REQUEST : validateHandshake(request.method, header);
    if (handshakeError !== undefined) return upgrades.rejectEarly(upgrade, handshakeError, header);
    return upgrades.handleUpgrade(upgrade, this.#authenticate, header);
  }

  #accept(welcomed: AcceptedUpgrade, { request, socket, head }: PendingUpgrade): void {
    // A plain client is welcomed in this turn: its 101 and its welcome are one write, where nothing is asked for first.
    if (!welcomed.details.isV1) corkUntilFirstFrames(socket, this.#internals.clock);
    const upgraded = { isOpen: false };
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      upgraded.isOpen = true;
      if (ws instanceof NodeSocket) this.#open(ws, welcomed);
    });
    // ws has refused what it alone reads: extensions, and names of subprotocols.
    if (!upgraded.isOpen) this.#internals.upgrades.abandon(welcomed);
  }

  #open(ws: NodeSocket, { data, details }: AcceptedUpgrade): void {
    const { onError, onMessage, onControl, onClose } = this.#listeners;
    ws.data = data;
    ws.on("error", onError);
    ws.connection = this.#internals.lifecycle.open(ws, { ...details, transport: this.#transportOf(ws) });
    if (ws.connection === undefined) return;
    ws.on("message", onMessage);
    this.#attachFastReader(ws);
    ws.on("pong", onControl);
    ws.on("ping", onControl);
    ws.on("close", onClose);
  }
}

interface PendingUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

interface Listeners {
  readonly onError: (this: WebSocket, error: Error & { readonly code?: string }) => void;
  readonly onMessage: (this: WebSocket, message: RawData, isBinary: boolean) => void;
  readonly onControl: (this: WebSocket) => void;
  readonly onClose: (this: WebSocket, code: number) => void;
}

/** Made once for all sockets: nothing of them is paid per connection. */
function listenersOf({ lifecycle, inbound, logger, securityReporter }: Assembly): Listeners {
  return {
    onError({ code }) {
      // A peer that breaks the protocol, or a connection that broke: `close` follows, and says the rest.
      const connection = connectionOf(this);
      logger.debug({ connectionId: connection?.id, code }, "socket error");
      const closeCode = closeCodeOf(code);
      if (closeCode !== undefined && connection !== undefined)
        securityReporter.recordProtocolError(connection, closeCode);
    },
    onMessage(message, isBinary) {
      const connection = connectionOf(this);
      if (connection === undefined) return;
      if (isBinary) connection.close(4400, "frames are text");
      else inbound.receive(connection, (message as Buffer).toString());
    },
    onControl() {
      const connection = connectionOf(this);
      if (connection !== undefined) inbound.onPingOrPong(connection);
    },
    onClose(code) {
      if (this instanceof NodeSocket) lifecycle.onSocketClosed(this, code);
    },
  };
}

function connectionOf(ws: WebSocket): Connection | undefined {
  return ws instanceof NodeSocket ? ws.connection : undefined;
}

/** What is written to a socket leaves with the first frames, or a moment later. */
function corkUntilFirstFrames(socket: Duplex, clock: Clock): void {
  socket.cork();
  // The writer's turn was asked for later than this one: it comes before the next.
  clock.setImmediate(() => {
    clock.setImmediate(() => {
      socket.uncork();
    });
  });
}

/** The path as it came: a parser would take `//evil.com/ws` for another host. */
function isAt(path: string, { url = "/" }: IncomingMessage): boolean {
  const end = url.indexOf("?");
  return (end === -1 ? url : url.slice(0, end)) === path;
}

function writeRejection(socket: Duplex, { status, headers }: UpgradeRejection): void {
  const lines = Object.entries({ connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.on("error", () => {
    socket.destroy();
  });
  // A peer that keeps its own side open keeps nothing of ours.
  socket.once("finish", () => {
    socket.destroy();
  });
  socket.end(`HTTP/1.1 ${String(status)} ${STATUS[status] ?? "Refused"}\r\n${lines.join("\r\n")}\r\n\r\n`);
}

const STATUS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  426: "Upgrade Required",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { RawData, ServerOptions } from "ws";
import { WebSocket, WebSocketServer } from "ws";
import { interceptRequests } from "./node/intercept-requests.ts";
import type { Assembly } from "./assembly.ts";
import type { Connection } from "./connection/connection.ts";
import type { Eventual } from "./utils/maybe-promise.ts";
import type { WebSocketManager } from "./manager.ts";
import { internalsOf } from "./manager.ts";
import { closeCodeOf } from "./node/close-code.ts";
import { nodeTransports } from "./node/node-transport.ts";
import { toUpgradeRequest } from "./node/upgrade-request.ts";
import { wholeTextReader } from "./node/fast-text-reader.ts";
import type { HeaderLookup, Refusal } from "./handshake/upgrade-rejection.ts";
import { faultOf, METHOD_NOT_ALLOWED, refusal } from "./handshake/upgrade-rejection.ts";
import type { AnyAuthenticator, Welcomed } from "./server.ts";
import { isRefusal } from "./server.ts";
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
const HARD_LIMIT = 1024 * 1024;

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
  const glue = new NodeGlue(internals, options);
  // Node gives a request a minute to say what it is. Who has chosen a time of their own keeps it.
  if (server.headersTimeout === NODE_HEADERS_MS) server.headersTimeout = internals.core.limits.handshakeMs;
  const path = options.path ?? "/ws";
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (isAt(path, request)) glue.upgrade(request, socket, head);
    else if (server.listenerCount("upgrade") === 1) refuse(socket, NOT_FOUND);
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
const NOT_FOUND = refusal(404, undefined);
const BAD_REQUEST = refusal(400, "bad_request");

/** A socket that knows whose it is, so that all of them share the same listeners. */
class NodeSocket extends WebSocket {
  data: WebSocketData = { userId: "" };
  connection: Connection | undefined = undefined;
}

const SERVER_OPTIONS: ServerOptions = {
  WebSocket: NodeSocket,
  noServer: true,
  clientTracking: false,
  maxPayload: HARD_LIMIT,
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

type GlueOptions = Pick<AttachOptions<AnyProtocol>, "authenticate" | "compression">;

class NodeGlue {
  readonly #internals: Assembly;
  readonly #authenticate: AnyAuthenticator | undefined;
  readonly #sockets: WebSocketServer;
  readonly #transportOf: (ws: WebSocket) => Transport;
  readonly #listeners: Listeners;
  readonly #readWholeTexts: (ws: NodeSocket) => void;

  constructor(internals: Assembly, { authenticate, compression = false }: GlueOptions) {
    this.#internals = internals;
    this.#authenticate = authenticate;
    const perMessageDeflate = compression && DEFLATE;
    const closeTimeout = internals.core.limits.closeMs;
    // `closeTimeout` is newer than the types of ws.
    const options = { ...SERVER_OPTIONS, perMessageDeflate, closeTimeout };
    this.#sockets = new WebSocketServer(options);
    this.#transportOf = nodeTransports(compression ? { compressAbove: COMPRESS_ABOVE } : {});
    this.#listeners = listenersOf(internals);
    this.#readWholeTexts = wholeTextReader(({ connection }, text, isNext) => {
      if (connection !== undefined) internals.inbound.receive(connection, text, isNext);
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // First of all: a reset while authentication is under way would end the process.
    let isGone = false;
    const onGone = (): void => {
      isGone = true;
    };
    socket.on("error", onGone);
    socket.on("close", onGone);
    const receive = (answer: Welcomed | Refusal): void => {
      if (isGone) {
        if (!isRefusal(answer)) this.#internals.desk.release(answer);
        return;
      }
      socket.off("error", onGone);
      socket.off("close", onGone);
      if (isRefusal(answer)) refuse(socket, answer);
      else this.#accept(answer, { request, socket, head });
    };
    const fail = (error: unknown): void => {
      this.#internals.core.report(error, { type: "upgrade", ws: undefined });
      socket.destroy();
    };
    try {
      const answer = this.#decide(request);
      if (answer instanceof Promise) answer.then(receive).catch(fail);
      else receive(answer);
    } catch (error) {
      fail(error);
    }
  }

  probe(request: IncomingMessage, response: ServerResponse): void {
    const upgrade = toUpgradeRequest(request);
    const { desk } = this.#internals;
    const answer =
      request.method === "GET"
        ? desk.probe(upgrade, this.#authenticate)
        : desk.turnAway(upgrade, METHOD_NOT_ALLOWED);
    void Promise.resolve(answer).then(({ status, headers }) => {
      response.writeHead(status, headers).end();
    });
  }

  #decide(request: IncomingMessage): Eventual<Welcomed | Refusal> {
    const { desk } = this.#internals;
    const upgrade = toUpgradeRequest(request);
    const header: HeaderLookup = (name) => request.headers[name] as string | undefined;
    const fault = request.httpVersionMinor < 1 ? BAD_REQUEST : faultOf(request.method, header);
    if (fault !== undefined) return desk.turnAway(upgrade, fault, header);
    return desk.receive(upgrade, this.#authenticate, header);
  }

  #accept(welcomed: Welcomed, { request, socket, head }: Upgrading): void {
    // A plain client is welcomed in this turn: its 101 and its welcome are one write, where nothing is asked for first.
    if (!welcomed.opening.isV1) holdBack(socket, this.#internals.core.clock);
    const switched = { isOpen: false };
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      switched.isOpen = true;
      if (ws instanceof NodeSocket) this.#open(ws, welcomed);
    });
    // ws has refused what it alone reads: extensions, and names of subprotocols.
    if (!switched.isOpen) this.#internals.desk.release(welcomed);
  }

  #open(ws: NodeSocket, { data, opening }: Welcomed): void {
    const { onError, onMessage, onControl, onClose } = this.#listeners;
    ws.data = data;
    ws.on("error", onError);
    ws.connection = this.#internals.lifecycle.open(ws, { ...opening, transport: this.#transportOf(ws) });
    if (ws.connection === undefined) return;
    ws.on("message", onMessage);
    this.#readWholeTexts(ws);
    ws.on("pong", onControl);
    ws.on("ping", onControl);
    ws.on("close", onClose);
  }
}

interface Upgrading {
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
function listenersOf({ lifecycle, inbound, core }: Assembly): Listeners {
  return {
    onError({ code }) {
      // A peer that breaks the protocol, or a connection that broke: `close` follows, and says the rest.
      const connection = connectionOf(this);
      core.logger.debug({ connectionId: connection?.id, code }, "socket error");
      const closeCode = closeCodeOf(code);
      if (closeCode !== undefined && connection !== undefined) core.security.broke(connection, closeCode);
    },
    onMessage(message, isBinary) {
      const connection = connectionOf(this);
      if (connection === undefined) return;
      if (isBinary) lifecycle.shut(connection, 4400, "frames are text");
      else inbound.receive(connection, (message as Buffer).toString());
    },
    onControl() {
      const connection = connectionOf(this);
      if (connection !== undefined) inbound.control(connection);
    },
    onClose(code) {
      if (this instanceof NodeSocket) lifecycle.closed(this, code);
    },
  };
}

function connectionOf(ws: WebSocket): Connection | undefined {
  return ws instanceof NodeSocket ? ws.connection : undefined;
}

/** What is written to a socket leaves with the first frames, or a moment later. */
function holdBack(socket: Duplex, clock: Clock): void {
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

function refuse(socket: Duplex, { status, headers }: Refusal): void {
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

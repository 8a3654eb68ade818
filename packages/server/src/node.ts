import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { RawData, ServerOptions } from "ws";
import { WebSocket, WebSocketServer } from "ws";
import { interceptRequests } from "./node/intercept-requests.js";
import type { Assembly } from "./assembly.js";
import type { Connection } from "./connection.js";
import type { WebSocketManager } from "./manager.js";
import { internalsOf } from "./manager.js";
import { createNodeTransport } from "./node/transport.js";
import type { AnyAuthenticator, Refusal, Welcomed } from "./server.js";
import { isRefusal } from "./server.js";
import type { Transport } from "./transport.js";
import type { Clock, UpgradeRequest, WebSocketData } from "./types.js";

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
  const glue = new NodeGlue(internalsOf(options.manager), options);
  const path = options.path ?? "/ws";
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (isAt(path, request)) glue.upgrade(request, socket, head);
    else if (server.listenerCount("upgrade") === 1) refuse(socket, { status: 404, headers: {} });
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

/** A socket that knows whose it is, so that all of them share the same listeners. */
class NodeSocket extends WebSocket {
  data: WebSocketData = { userId: "" };
  connection: Connection | undefined = undefined;
}

/** `closeTimeout` is newer than the types of ws. */
const SERVER_OPTIONS: ServerOptions & { readonly closeTimeout: number } = {
  WebSocket: NodeSocket,
  noServer: true,
  clientTracking: false,
  maxPayload: HARD_LIMIT,
  maxFragments: 64,
  maxBufferedChunks: 1024,
  closeTimeout: 5_000,
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
  readonly #transport: Transport;
  readonly #listeners: Listeners;

  constructor(internals: Assembly, { authenticate, compression = false }: GlueOptions) {
    this.#internals = internals;
    this.#authenticate = authenticate;
    this.#sockets = new WebSocketServer({ ...SERVER_OPTIONS, perMessageDeflate: compression && DEFLATE });
    this.#transport = createNodeTransport(compression ? { compressAbove: COMPRESS_ABOVE } : {});
    this.#listeners = listenersOf(internals);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // First of all: a reset while authentication is under way would end the process.
    let isGone = false;
    const onGone = (): void => {
      isGone = true;
    };
    socket.on("error", onGone);
    socket.on("close", onGone);
    const receive = async (): Promise<void> => {
      const offers = request.headers["sec-websocket-protocol"] ?? null;
      const answer = await this.#internals.desk.receive(
        toUpgradeRequest(request),
        this.#authenticate,
        offers,
      );
      if (isGone) {
        if (!isRefusal(answer)) this.#internals.desk.release(answer);
        return;
      }
      socket.off("error", onGone);
      socket.off("close", onGone);
      if (isRefusal(answer)) refuse(socket, answer);
      else this.#accept(answer, { request, socket, head });
    };
    receive().catch((error: unknown) => {
      this.#internals.core.report(error, { type: "upgrade", ws: undefined });
      socket.destroy();
    });
  }

  probe(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== "GET") {
      response.writeHead(405, { allow: "GET", "content-length": "0" }).end();
      return;
    }
    void this.#internals.desk
      .probe(toUpgradeRequest(request), this.#authenticate)
      .then(({ status, headers }) => {
        response.writeHead(status, headers).end();
      });
  }

  #accept(welcomed: Welcomed, { request, socket, head }: Upgrading): void {
    // A plain client is welcomed in this turn: its 101 and its welcome are one write, where nothing is asked for first.
    if (!welcomed.opening.isV1) holdBack(socket, this.#internals.core.clock);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      if (ws instanceof NodeSocket) this.#open(ws, welcomed);
    });
  }

  #open(ws: NodeSocket, { data, opening }: Welcomed): void {
    const { onError, onMessage, onAlive, onClose } = this.#listeners;
    ws.data = data;
    ws.on("error", onError);
    ws.connection = this.#internals.lifecycle.open(ws, { ...opening, transport: this.#transport });
    if (ws.connection === undefined) return;
    ws.on("message", onMessage);
    ws.on("pong", onAlive);
    ws.on("ping", onAlive);
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
  readonly onAlive: (this: WebSocket) => void;
  readonly onClose: (this: WebSocket, code: number) => void;
}

/** Made once for all sockets: nothing of them is paid per connection. */
function listenersOf({ lifecycle, inbound, core }: Assembly): Listeners {
  return {
    onError({ code }) {
      // A peer that breaks the protocol, or a connection that broke: `close` follows, and says the rest.
      core.logger.debug({ connectionId: connectionOf(this)?.id, code }, "socket error");
    },
    onMessage(message, isBinary) {
      const connection = connectionOf(this);
      if (connection === undefined) return;
      if (isBinary) lifecycle.shut(connection, 4400, "frames are text");
      else inbound.receive(connection, (message as Buffer).toString());
    },
    onAlive() {
      const connection = connectionOf(this);
      if (connection !== undefined) connection.seenAt = core.clock.now();
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

/** Headers are made when somebody looks: most checks look at one, and many at none. */
function toUpgradeRequest(request: IncomingMessage): UpgradeRequest {
  let headers: Headers | undefined;
  return {
    url: request.url ?? "/",
    get headers() {
      return (headers ??= toHeaders(request.rawHeaders));
    },
    get remoteAddress() {
      return request.socket.remoteAddress;
    },
  };
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  return headers;
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
  socket.end(`HTTP/1.1 ${String(status)} ${STATUS[status] ?? "Refused"}\r\n${lines.join("\r\n")}\r\n\r\n`);
}

const STATUS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

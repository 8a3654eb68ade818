import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { RawData, ServerOptions, WebSocket } from "ws";
import { WebSocketServer } from "ws";
import { interceptRequests } from "./node/intercept-requests.js";
import type { Assembly } from "./assembly.js";
import type { WebSocketManager } from "./manager.js";
import { internalsOf } from "./manager.js";
import { createNodeTransport } from "./node/transport.js";
import type { AnyAuthenticator, Refusal, Welcomed } from "./server.js";
import { isRefusal } from "./server.js";
import type { Transport } from "./transport.js";
import type { UpgradeRequest, WebSocketData, WebSocketInstance } from "./types.js";

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

/** `closeTimeout` is newer than the types of ws. */
const SERVER_OPTIONS: ServerOptions & { readonly closeTimeout: number } = {
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

  constructor(internals: Assembly, { authenticate, compression = false }: GlueOptions) {
    this.#internals = internals;
    this.#authenticate = authenticate;
    this.#sockets = new WebSocketServer({ ...SERVER_OPTIONS, perMessageDeflate: compression && DEFLATE });
    this.#transport = createNodeTransport(compression ? { compressAbove: COMPRESS_ABOVE } : {});
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
      const upgrade = toUpgradeRequest(request);
      const answer =
        upgrade === undefined ? BAD_REQUEST : await this.#internals.desk.receive(upgrade, this.#authenticate);
      if (isGone) {
        if (!isRefusal(answer)) this.#internals.desk.release(answer);
        return;
      }
      socket.off("error", onGone);
      socket.off("close", onGone);
      if (isRefusal(answer)) refuse(socket, answer);
      else
        this.#sockets.handleUpgrade(request, socket, head, (ws) => {
          this.#open(ws, answer);
        });
    };
    receive().catch((error: unknown) => {
      this.#internals.core.report(error, { type: "upgrade", ws: undefined });
      socket.destroy();
    });
  }

  probe(request: IncomingMessage, response: ServerResponse): void {
    const upgrade = toUpgradeRequest(request);
    if (upgrade === undefined || request.method !== "GET") {
      response.writeHead(upgrade === undefined ? 400 : 405, { allow: "GET", "content-length": "0" }).end();
      return;
    }
    void this.#internals.desk.probe(upgrade, this.#authenticate).then(({ status, headers }) => {
      response.writeHead(status, headers).end();
    });
  }

  #open(raw: WebSocket, { data, opening }: Welcomed): void {
    const { lifecycle, inbound, core } = this.#internals;
    const ws: WebSocketInstance<WebSocketData> = Object.assign(raw, { data });
    raw.on("error", (error: Error & { readonly code?: string }) => {
      // A peer that breaks the protocol, or a connection that broke: `close` follows, and says the rest.
      core.logger.debug({ connectionId: opening.connectionId, code: error.code }, "socket error");
    });
    const connection = lifecycle.open(ws, { ...opening, transport: this.#transport });
    if (connection === undefined) return;
    raw.on("message", (message: RawData, isBinary: boolean) => {
      if (isBinary) lifecycle.shut(connection, 4400, "frames are text");
      else inbound.receive(connection, (message as Buffer).toString());
    });
    const alive = (): void => {
      connection.seenAt = core.clock.now();
    };
    raw.on("pong", alive);
    raw.on("ping", alive);
    raw.on("close", (code) => {
      lifecycle.closed(ws, code);
    });
  }
}

const BAD_REQUEST: Refusal = { status: 400, headers: { "content-length": "0" } };

/** @returns undefined when the headers are not valid */
function toUpgradeRequest(request: IncomingMessage): UpgradeRequest | undefined {
  try {
    const headers = new Headers();
    const { rawHeaders } = request;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
    }
    return { url: request.url ?? "/", headers, remoteAddress: request.socket.remoteAddress };
  } catch {
    return undefined;
  }
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

// Connects one Node HTTP server, the library ws and the core of this package.
// Called for each upgrade and each plain request on its path.
// Guarantees: the slot of a connection that never opens is released; no socket error ends the process.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { ServerOptions, WebSocket } from "ws";
import { WebSocketServer } from "ws";
import type { Assembly } from "../assembly.ts";
import type { Transport } from "../delivery/transport.ts";
import type { UpgradeRejection } from "../handshake/upgrade-rejection.ts";
import { rejection, validateHandshake } from "../handshake/upgrade-rejection.ts";
import { readableBytes } from "../delivery/frame-size.ts";
import type { GetHeader } from "../security/client-address.ts";
import type { AcceptedUpgrade } from "../handshake/admission.ts";
import { isRejection } from "../handshake/admission.ts";
import type { AnyAuthenticator } from "../session-watch.ts";
import type { Clock } from "../types.ts";
import type { KillSwitches } from "../utils/kill-switches.ts";
import { afterResponses } from "./after-responses.ts";
import { createFallbackLog } from "./fallback-log.ts";
import { createFairReader } from "./fair-reader.ts";
import { attachFastTextReader } from "./fast-text-reader.ts";
import type { Listeners } from "./listeners.ts";
import { createListeners, NodeSocket } from "./listeners.ts";
import { nodeTransports } from "./node-transport.ts";
import { isPeerGone } from "./is-peer-gone.ts";
import type { PlainRequest, PlainResponse } from "./plain-request.ts";
import { abort, respond } from "./plain-request.ts";
import type { UpgradeEvent } from "./serve-as-request.ts";
import { toUpgradeRequest } from "./upgrade-request.ts";
import { writeRejection } from "./write-rejection.ts";

const BAD_REQUEST = rejection(400, "bad_request");

const SERVER_OPTIONS: ServerOptions = {
  WebSocket: NodeSocket,
  noServer: true,
  clientTracking: false,
  maxFragments: 64,
  maxBufferedChunks: 1024,
  // ws would echo the first offered subprotocol, which may be a ticket.
  handleProtocols: (offers) => (offers.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
};

const COMPRESS_ABOVE = 1024;
const DEFLATE = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: COMPRESS_ABOVE,
};

interface NodeServerOptions {
  readonly authenticate?: AnyAuthenticator | undefined;
  readonly compression?: boolean | undefined;
  readonly switches: Pick<KillSwitches, "fastTextReader" | "rawSocketWrite">;
}

/** Upgrades sockets of one HTTP server and hands their frames to the core. */
export class NodeWebSocketServer {
  readonly #internals: Assembly;
  readonly #authenticate: AnyAuthenticator | undefined;
  readonly #sockets: WebSocketServer;
  readonly #transportOf: (ws: WebSocket) => Transport;
  readonly #listeners: Listeners;
  readonly #taken = new WeakSet<Duplex>();
  readonly #attachFastReader: ((ws: NodeSocket) => void) | undefined;

  constructor(internals: Assembly, { authenticate, compression = false, switches }: NodeServerOptions) {
    this.#internals = internals;
    this.#authenticate = authenticate;
    internals.sessionWatches.begin(authenticate);
    const { clock, closer, inbound, logger, securityReporter } = internals;
    const perMessageDeflate = compression && DEFLATE;
    const closeTimeout = internals.limits.closeMs;
    const maxPayload = readableBytes(internals.limits);
    // The types of ws do not know `closeTimeout` yet.
    const options = { ...SERVER_OPTIONS, maxPayload, perMessageDeflate, closeTimeout };
    this.#sockets = new WebSocketServer(options);
    const onFallback = createFallbackLog(logger);
    this.#transportOf = nodeTransports({
      compressAbove: compression ? COMPRESS_ABOVE : undefined,
      usesRawWrite: switches.rawSocketWrite,
      onFallback: () => {
        onFallback("raw socket write");
      },
    });
    const readFairly = createFairReader(clock);
    this.#listeners = createListeners({ closer, inbound, securityReporter, logger, readFairly });
    const attachReader = attachFastTextReader<NodeSocket>(
      (ws, text, isSameChunk) => {
        readFairly(ws, text, ws.connection?.floodWatch?.isFlooded);
        if (ws.connection !== undefined) inbound.receive(ws.connection, text, isSameChunk);
      },
      () => {
        onFallback("fast text reader");
      },
    );
    this.#attachFastReader = switches.fastTextReader ? attachReader : undefined;
  }

  /** Answers one `upgrade` event. A second call for the same socket does nothing. */
  upgrade(event: UpgradeEvent): void {
    if (this.#taken.has(event.socket)) return;
    this.#taken.add(event.socket);
    // First of all, because a reset during authentication would otherwise be an unhandled error and end the process.
    const peer = { isClosed: false };
    const onClosed = (): void => {
      peer.isClosed = true;
    };
    event.socket.on("error", onClosed);
    event.socket.on("close", onClosed);
    afterResponses(event.socket, () => {
      void this.#answer(event, peer, onClosed);
    });
  }

  /** Never rejects. */
  async #answer(
    { request, socket, head }: UpgradeEvent,
    peer: { readonly isClosed: boolean },
    onClosed: () => void,
  ): Promise<void> {
    try {
      if (isPeerGone(request.socket)) {
        socket.destroy();
        return;
      }
      const answer = await this.#authorizeUpgrade(request);
      if (peer.isClosed) {
        if (!isRejection(answer)) this.#internals.upgrades.abandon(answer);
        return;
      }
      socket.off("error", onClosed);
      socket.off("close", onClosed);
      if (isRejection(answer)) writeRejection(socket, answer);
      else this.#accept(answer, { request, socket, head });
    } catch (error) {
      this.#internals.report(error, { type: "upgrade", ws: undefined });
      socket.destroy();
    }
  }

  /** Answers a plain request on the WebSocket's path with the status that an upgrade would get. Never rejects. */
  async probe(request: PlainRequest, response: PlainResponse): Promise<void> {
    try {
      if (isPeerGone(request.socket)) {
        abort(response);
        return;
      }
      const upgrade = toUpgradeRequest(request);
      const { upgrades } = this.#internals;
      const answer = hasTooManyHeaders(request)
        ? upgrades.rejectEarly(upgrade, BAD_REQUEST)
        : upgrades.answerPlain(request.method, upgrade, this.#authenticate);
      respond(response, await answer);
    } catch (error) {
      this.#internals.report(error, { type: "upgrade", ws: undefined });
      abort(response);
    }
  }

  async #authorizeUpgrade(request: IncomingMessage): Promise<AcceptedUpgrade | UpgradeRejection> {
    const { upgrades } = this.#internals;
    const upgrade = toUpgradeRequest(request);
    const header: GetHeader = (name) => request.headers[name] as string | undefined;
    const handshakeError =
      request.httpVersionMinor < 1 || hasTooManyHeaders(request)
        ? BAD_REQUEST
        : validateHandshake(request.method, header);
    if (handshakeError !== undefined) return upgrades.rejectEarly(upgrade, handshakeError, header);
    return upgrades.handleUpgrade(upgrade, this.#authenticate, header);
  }

  #accept(accepted: AcceptedUpgrade, { request, socket, head }: UpgradeEvent): void {
    // A plain client is welcomed before the next turn unless something asynchronous is awaited, so 101 and welcome are one write.
    if (!accepted.details.isV1) corkUntilFirstFrames(socket, this.#internals.clock);
    const upgraded = { isOpen: false };
    try {
      this.#sockets.handleUpgrade(request, socket, bufferOf(head), (ws) => {
        upgraded.isOpen = true;
        if (ws instanceof NodeSocket) this.#open(ws, accepted);
      });
    } finally {
      // ws itself rejects invalid extensions and subprotocol names, and throws for a socket that it already has.
      if (!upgraded.isOpen) this.#internals.upgrades.abandon(accepted);
    }
  }

  #open(ws: NodeSocket, { data, details }: AcceptedUpgrade): void {
    const { onError, onMessage, onControl, onClose } = this.#listeners;
    ws.data = data;
    ws.on("error", onError);
    ws.connection = this.#internals.opener.open(ws, { ...details, transport: this.#transportOf(ws) });
    if (ws.connection === undefined) return;
    ws.on("message", onMessage);
    this.#attachFastReader?.(ws);
    ws.on("pong", onControl);
    ws.on("ping", onControl);
    ws.on("close", onClose);
  }
}

/** The largest number of headers: Node accepts thousands, and each would become a field of `Headers`; Bun has the same limit. */
const MAX_HEADERS = 100;

function hasTooManyHeaders({ rawHeaders }: PlainRequest): boolean {
  return rawHeaders.length > 2 * MAX_HEADERS;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Holds back the bytes of a socket until the first frames are written, at most for two turns of the event loop. */
function corkUntilFirstFrames(socket: Duplex, clock: Clock): void {
  socket.cork();
  // The writer schedules its flush after this call, so it runs before the second callback.
  clock.setImmediate(() => {
    clock.setImmediate(() => {
      socket.uncork();
    });
  });
}

// The entry for Bun: what `Bun.serve` needs so that its WebSockets become connections of a manager.
// Called by the application once per server.
// Guarantees: requests for other paths get no answer from here; a slot whose upgrade Bun rejects is given back.
import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Assembly } from "./assembly.ts";
import type { UpgradeDetails } from "./connection/upgrade-details.ts";
import { corkingTransport } from "./delivery/socket-transports.ts";
import { TopicBroadcaster } from "./delivery/topic-broadcaster.ts";
import type { Transport } from "./delivery/transport.ts";
import type { AcceptedUpgrade } from "./handshake/admission.ts";
import { isRejection } from "./handshake/admission.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import {
  headersOf,
  METHOD_NOT_ALLOWED,
  rejection,
  validateHandshake,
} from "./handshake/upgrade-rejection.ts";
import { MAX_PAYLOAD_BYTES } from "./limits.ts";
import type { WebSocketManager } from "./manager.ts";
import { internalsOf } from "./manager.ts";
import type { IncomingRequest } from "./security/client-address.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import type { WebSocketData, WebSocketInstance } from "./types.ts";
import { andThen, rejectedPromise } from "./utils/maybe-promise.ts";
import type { MaybePromise } from "./utils/maybe-promise.ts";
import { applyKillSwitches, readKillSwitches } from "./utils/kill-switches.ts";

/** The part of Bun's server that an upgrade needs. Declared here, so that these types load without Bun's. */
export interface BunServer {
  upgrade(
    request: Request,
    options: { readonly data: BunConnection; readonly headers?: Readonly<Record<string, string>> },
  ): boolean;
  requestIP?(request: Request): { readonly address: string } | null;
  /** The path of the Unix socket that the server listens on; an object for a port. */
  readonly address?: unknown;
  publish?(topic: string, text: string): number;
}

/** What a socket of Bun carries as `data`. */
export interface BunConnection extends WebSocketData {
  readonly connectionId: string;
}

/** What {@link createBunWebSocket} takes. */
export interface BunWebSocketOptions<TProtocol extends AnyProtocol> {
  /** The manager whose connections the sockets become. */
  readonly manager: WebSocketManager<TProtocol>;
  /** The path that clients connect to, without a query. @default "/ws" */
  readonly path?: string | undefined;
  /** Decides who may connect on this path, in place of the system's `authenticate`. @default the system's */
  readonly authenticate?: AnyAuthenticator | undefined;
}

/** The two options of `Bun.serve` for WebSockets. */
export interface BunWebSocket {
  /** Resolves to undefined for a request of another path, and after an upgrade, which needs no response. */
  readonly fetch: (request: Request, server: BunServer) => Promise<Response | undefined>;
  /** The handlers and limits of all sockets. */
  readonly websocket: {
    readonly data: BunConnection;
    readonly open: (ws: WebSocketInstance<BunConnection>) => void;
    readonly message: (ws: WebSocketInstance<BunConnection>, message: string | Uint8Array) => void;
    readonly drain: (ws: WebSocketInstance<BunConnection>) => void;
    readonly ping: (ws: WebSocketInstance<BunConnection>) => void;
    readonly pong: (ws: WebSocketInstance<BunConnection>) => void;
    readonly close: (ws: WebSocketInstance<BunConnection>, code: number, reason: string) => void;
    readonly sendPings: false;
    readonly idleTimeout: number;
    readonly maxPayloadLength: number;
    readonly backpressureLimit: number;
    readonly closeOnBackpressureLimit: false;
    readonly perMessageDeflate: false;
  };
}

interface BunSocket extends WebSocketInstance {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
}

/** For Bun's own sockets: corked writes, and pings whose pongs arrive at `websocket.pong`. */
const bunTransport: Transport = {
  ...corkingTransport,
  ping: (ws) => {
    (ws as WebSocketInstance & { ping(): unknown }).ping();
  },
  terminate: (ws) => {
    (ws as WebSocketInstance & { terminate(): void }).terminate();
  },
};

/** The transport of one server's sockets: a topic reaches the sockets of its server only. */
function transportOf(server: BunServer): Transport {
  if (server.publish === undefined) return bunTransport;
  const broadcaster = new TopicBroadcaster({
    subscribe: (ws, topic) => {
      (ws as BunSocket).subscribe(topic);
    },
    unsubscribe: (ws, topic) => {
      (ws as BunSocket).unsubscribe(topic);
    },
    publish: (topic, text) => {
      server.publish?.(topic, text);
    },
  });
  return { ...bunTransport, groupBroadcast: broadcaster };
}

/**
 * The two things that `Bun.serve` needs for WebSockets.
 *
 * @example
 * const { fetch, websocket } = createBunWebSocket({ manager });
 * Bun.serve({ fetch: async (request, server) => (await fetch(request, server)) ?? app(request), websocket });
 */
export function createBunWebSocket<TProtocol extends AnyProtocol>(
  options: BunWebSocketOptions<TProtocol>,
): BunWebSocket {
  const internals = internalsOf(options.manager);
  const { backplane, logger, writer } = internals;
  applyKillSwitches(readKillSwitches(process.env), { writer, backplane, logger });
  const path = options.path ?? "/ws";
  /** By connection id: Bun hands `data` from the upgrade to the open socket, and nothing else. */
  const pendingUpgrades = new Map<string, UpgradeDetails>();
  const upgradeContexts = new WeakMap<BunServer, UpgradeContext>();
  return {
    fetch: (request, server) => {
      if (pathOf(request.url) !== path) return NO_RESPONSE;
      let context = upgradeContexts.get(server);
      if (context === undefined) {
        const { authenticate } = options;
        context = { server, internals, pendingUpgrades, transport: transportOf(server), authenticate };
        upgradeContexts.set(server, context);
      }
      return answerPromise(request, context);
    },
    websocket: createSocketHandlers(internals, pendingUpgrades),
  };
}

function createSocketHandlers(
  { clock, closer, connections, inbound, opener, securityReporter }: Assembly,
  pendingUpgrades: Map<string, UpgradeDetails>,
): BunWebSocket["websocket"] {
  const onPingOrPong = (ws: WebSocketInstance): void => {
    const connection = connections.of(ws);
    if (connection !== undefined) inbound.onPingOrPong(connection);
  };
  return {
    data: undefined as unknown as BunConnection,
    open: (ws) => {
      const details = pendingUpgrades.get(ws.data.connectionId);
      pendingUpgrades.delete(ws.data.connectionId);
      opener.open(ws, details);
    },
    message: (ws, message) => {
      const connection = connections.of(ws);
      if (connection === undefined) return;
      if (typeof message === "string") inbound.receive(connection, message);
      else connection.close(4400, "frames are text");
    },
    drain: (ws) => {
      const connection = connections.of(ws);
      if (connection !== undefined) connection.lastActivityAt = clock.now();
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
    idleTimeout: 120,
    maxPayloadLength: MAX_PAYLOAD_BYTES,
    backpressureLimit: 2 * MAX_PAYLOAD_BYTES,
    closeOnBackpressureLimit: false,
    perMessageDeflate: false,
  };
}

/** Bun reports a violation of the protocol as 1006 with a text of its own; no peer can send the code 1006. */
function protocolErrorFromReason(reason: string): number | undefined {
  if (!reason.startsWith("Received ")) return undefined;
  return reason.includes("UTF-8") ? 1007 : reason.includes("too big") ? 1009 : 1002;
}

const V1_SUBPROTOCOL_HEADERS = { "sec-websocket-protocol": SUBPROTOCOL };

/** What all upgrades of one server share. */
interface UpgradeContext {
  readonly server: BunServer;
  readonly internals: Assembly;
  readonly pendingUpgrades: Map<string, UpgradeDetails>;
  readonly transport: Transport;
  readonly authenticate: AnyAuthenticator | undefined;
}

/** Without a new promise for an upgrade that is done in the turn of its request: Bun then keeps nothing of the request. */
function answerPromise(request: Request, context: UpgradeContext): Promise<Response | undefined> {
  try {
    const response = answer(request, context);
    return response === undefined ? NO_RESPONSE : Promise.resolve(response);
  } catch (error) {
    return rejectedPromise(error);
  }
}

const NO_RESPONSE = Promise.resolve(undefined);

function answer(request: Request, context: UpgradeContext): MaybePromise<Response | undefined> {
  const { upgrades } = context.internals;
  const remoteAddress = context.server.requestIP?.(request)?.address;
  const upgradeRequest: IncomingRequest = {
    url: targetOf(request.url),
    headers: request.headers,
    raw: request,
    remoteAddress,
    isOnUnixSocket: typeof context.server.address === "string",
  };
  if (request.method !== "GET") return respond(upgrades.rejectEarly(upgradeRequest, METHOD_NOT_ALLOWED));
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
    return upgrades.probe(upgradeRequest, context.authenticate).then(respond);
  const header = headersOf(upgradeRequest);
  const handshakeError = validateHandshake(request.method, header);
  if (handshakeError !== undefined)
    return respond(upgrades.rejectEarly(upgradeRequest, handshakeError, header));
  const answered = upgrades.handleUpgrade(upgradeRequest, context.authenticate, header);
  return andThen(answered, (accepted) => upgrade(request, context, accepted));
}

function upgrade(
  request: Request,
  context: UpgradeContext,
  accepted: AcceptedUpgrade | UpgradeRejection,
): Response | undefined {
  if (isRejection(accepted)) return respond(accepted);
  const { data, details } = accepted;
  details.transport = context.transport;
  context.pendingUpgrades.set(data.connectionId, details);
  // Without this header Bun would echo the first offer, which may be a ticket. A plain client has offered nothing.
  const options = details.isV1 ? { data, headers: V1_SUBPROTOCOL_HEADERS } : { data };
  if (context.server.upgrade(request, options)) return undefined;
  context.pendingUpgrades.delete(data.connectionId);
  context.internals.upgrades.abandon(accepted);
  return respond(rejection(400, "bad_request"));
}

function respond({ status, headers }: UpgradeRejection): Response {
  return new Response(null, { status, headers });
}

/** Path and query as they came, without the host, which the client chooses. */
function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? "/" : url.slice(start);
}

function pathOf(url: string): string {
  const target = targetOf(url);
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

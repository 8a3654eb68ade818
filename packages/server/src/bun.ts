import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Assembly } from "./assembly.ts";
import { rejectedPromise } from "./utils/maybe-promise.ts";
import type { MaybePromise } from "./utils/maybe-promise.ts";
import type { UpgradeDetails } from "./connection/accepted-upgrade.ts";
import type { WebSocketManager } from "./manager.ts";
import { internalsOf } from "./manager.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import {
  validateHandshake,
  headersOf,
  METHOD_NOT_ALLOWED,
  rejection,
} from "./handshake/upgrade-rejection.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import type { AcceptedUpgrade } from "./server.ts";
import { isRejection } from "./server.ts";
import { corkingTransport } from "./delivery/socket-transports.ts";
import type { Transport } from "./delivery/transport.ts";
import type { UpgradeRequest, WebSocketData, WebSocketInstance } from "./types.ts";
import { TopicBroadcaster } from "./delivery/topic-broadcaster.ts";

/** Bun's server, as far as an upgrade needs it; so that these types load without Bun's. */
export interface BunServer {
  upgrade(
    request: Request,
    options: { readonly data: BunConnection; readonly headers?: Readonly<Record<string, string>> },
  ): boolean;
  requestIP?(request: Request): { readonly address: string } | null;
  publish?(topic: string, text: string): number;
}

export interface BunConnection extends WebSocketData {
  readonly connectionId: string;
}

export interface BunWebSocketOptions<TProtocol extends AnyProtocol> {
  readonly manager: WebSocketManager<TProtocol>;
  /** @default "/ws" */
  readonly path?: string | undefined;
  /** @default the system's */
  readonly authenticate?: AnyAuthenticator | undefined;
}

export interface BunWebSocket {
  /** Undefined: not a request for the WebSocket's path, or upgraded (then Bun wants no answer). */
  readonly fetch: (request: Request, server: BunServer) => Promise<Response | undefined>;
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

const MAX_PAYLOAD_BYTES = 1024 * 1024;

interface BunSocket extends WebSocketInstance {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
}

/** Bun's own sockets: corked writes, and pings whose pongs come back through `websocket.pong`. */
const bunTransport: Transport = {
  ...corkingTransport,
  ping: (ws) => {
    (ws as WebSocketInstance & { ping(): unknown }).ping();
  },
  terminate: (ws) => {
    (ws as WebSocketInstance & { terminate(): void }).terminate();
  },
};

/** The transport of the sockets of one server: its topics reach no other's. */
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
  const { lifecycle, inbound } = internals;
  const path = options.path ?? "/ws";
  /** By id, because Bun makes `data` and nothing else part of the upgrade. */
  const pendingUpgrades = new Map<string, UpgradeDetails>();
  const upgradeContexts = new WeakMap<BunServer, UpgradeContext>();
  const control = (ws: WebSocketInstance): void => {
    const connection = internals.connections.of(ws);
    if (connection !== undefined) inbound.onPingOrPong(connection);
  };
  return {
    fetch: (request, server) => {
      if (pathOf(request.url) !== path) return EMPTY_OPTIONS;
      let context = upgradeContexts.get(server);
      if (context === undefined) {
        const { authenticate } = options;
        context = { server, internals, pendingUpgrades, transport: transportOf(server), authenticate };
        upgradeContexts.set(server, context);
      }
      return answerAsync(request, context);
    },
    websocket: {
      data: undefined as unknown as BunConnection,
      open: (ws) => {
        const opening = pendingUpgrades.get(ws.data.connectionId);
        pendingUpgrades.delete(ws.data.connectionId);
        lifecycle.open(ws, opening);
      },
      message: (ws, message) => {
        const connection = internals.connections.of(ws);
        if (connection === undefined) return;
        if (typeof message === "string") inbound.receive(connection, message);
        else connection.close(4400, "frames are text");
      },
      drain: (ws) => {
        const connection = internals.connections.of(ws);
        if (connection !== undefined) connection.lastActivityAt = internals.clock.now();
      },
      ping: control,
      pong: control,
      close: (ws, code, reason) => {
        const handshakeError = code === 1006 ? protocolErrorFromReason(reason) : undefined;
        const connection = handshakeError === undefined ? undefined : internals.connections.of(ws);
        if (handshakeError !== undefined && connection !== undefined)
          internals.securityReporter.recordProtocolError(connection, handshakeError);
        lifecycle.onSocketClosed(ws, code);
      },
      sendPings: false,
      idleTimeout: 120,
      maxPayloadLength: MAX_PAYLOAD_BYTES,
      backpressureLimit: 2 * MAX_PAYLOAD_BYTES,
      closeOnBackpressureLimit: false,
      perMessageDeflate: false,
    },
  };
}

/** Bun reports a peer that broke the protocol as 1006, with words of its own; no peer can say 1006. */
function protocolErrorFromReason(reason: string): number | undefined {
  if (!reason.startsWith("Received ")) return undefined;
  return reason.includes("UTF-8") ? 1007 : reason.includes("too big") ? 1009 : 1002;
}

/** What Bun is told of a request that is not ours, and of one that is upgraded. */
const EMPTY_OPTIONS = Promise.resolve(undefined);
const V1_SUBPROTOCOL_HEADERS = { "sec-websocket-protocol": SUBPROTOCOL };

/** What upgrades of one server have in common. */
interface UpgradeContext {
  readonly server: BunServer;
  readonly internals: Assembly;
  readonly pendingUpgrades: Map<string, UpgradeDetails>;
  readonly transport: Transport;
  readonly authenticate: AnyAuthenticator | undefined;
}

/** An upgrade for which nothing is waited is done in the turn in which it came: Bun keeps nothing of its request. */
function answerAsync(request: Request, context: UpgradeContext): Promise<Response | undefined> {
  try {
    const answered = answer(request, context);
    return answered === undefined ? EMPTY_OPTIONS : Promise.resolve(answered);
  } catch (error) {
    return rejectedPromise(error);
  }
}

function answer(request: Request, context: UpgradeContext): MaybePromise<Response | undefined> {
  const { upgrades } = context.internals;
  const remoteAddress = context.server.requestIP?.(request)?.address;
  const upgradeRequest: UpgradeRequest = {
    url: targetOf(request.url),
    headers: request.headers,
    remoteAddress,
  };
  if (request.method !== "GET") return respond(upgrades.rejectEarly(upgradeRequest, METHOD_NOT_ALLOWED));
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
    return upgrades.probe(upgradeRequest, context.authenticate).then(respond);
  const header = headersOf(upgradeRequest);
  const handshakeError = validateHandshake(request.method, header);
  if (handshakeError !== undefined)
    return respond(upgrades.rejectEarly(upgradeRequest, handshakeError, header));
  const accepted = upgrades.handleUpgrade(upgradeRequest, context.authenticate, header);
  return accepted instanceof Promise
    ? upgradeAsync(request, context, accepted)
    : upgrade(request, context, accepted);
}

async function upgradeAsync(
  request: Request,
  context: UpgradeContext,
  accepted: Promise<AcceptedUpgrade | UpgradeRejection>,
): Promise<Response | undefined> {
  return upgrade(request, context, await accepted);
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
  // Said explicitly: Bun would echo the first offer, which may be a ticket. A plain client has offered nothing.
  const options = details.isV1 ? { data, headers: V1_SUBPROTOCOL_HEADERS } : { data };
  if (context.server.upgrade(request, options)) return undefined;
  context.pendingUpgrades.delete(data.connectionId);
  context.internals.upgrades.abandon(accepted);
  return respond(rejection(400, "bad_request"));
}

function respond({ status, headers }: UpgradeRejection): Response {
  return new Response(null, { status, headers });
}

/** Path and query as they came, without the host, which the client may have invented. */
function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? "/" : url.slice(start);
}

function pathOf(url: string): string {
  const target = targetOf(url);
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Assembly } from "./assembly.ts";
import { failed } from "./utils/maybe-promise.ts";
import type { Eventual } from "./utils/maybe-promise.ts";
import type { Opening } from "./connection/accepted-upgrade.ts";
import type { WebSocketManager } from "./manager.ts";
import { internalsOf } from "./manager.ts";
import type { Refusal } from "./handshake/upgrade-rejection.ts";
import { faultOf, lookUpIn, METHOD_NOT_ALLOWED, refusal } from "./handshake/upgrade-rejection.ts";
import type { AnyAuthenticator, Welcomed } from "./server.ts";
import { isRefusal } from "./server.ts";
import { corkingTransport } from "./delivery/transport.ts";
import type { Transport } from "./delivery/transport.ts";
import type { UpgradeRequest, WebSocketData, WebSocketInstance } from "./types.ts";
import { Unison } from "./delivery/topic-broadcaster.ts";

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

const HARD_LIMIT = 1024 * 1024;

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
  const unison = new Unison({
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
  return { ...bunTransport, unison };
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
  const { lifecycle, inbound, core } = internals;
  const path = options.path ?? "/ws";
  /** By id, because Bun makes `data` and nothing else part of the upgrade. */
  const openings = new Map<string, Opening>();
  const doors = new WeakMap<BunServer, Door>();
  const control = (ws: WebSocketInstance): void => {
    const connection = core.table.of(ws);
    if (connection !== undefined) inbound.control(connection);
  };
  return {
    fetch: (request, server) => {
      if (pathOf(request.url) !== path) return NOTHING;
      let door = doors.get(server);
      if (door === undefined) {
        const { authenticate } = options;
        door = { server, internals, openings, transport: transportOf(server), authenticate };
        doors.set(server, door);
      }
      return answerSoon(request, door);
    },
    websocket: {
      data: undefined as unknown as BunConnection,
      open: (ws) => {
        const opening = openings.get(ws.data.connectionId);
        openings.delete(ws.data.connectionId);
        lifecycle.open(ws, opening);
      },
      message: (ws, message) => {
        const connection = core.table.of(ws);
        if (connection === undefined) return;
        if (typeof message === "string") inbound.receive(connection, message);
        else lifecycle.shut(connection, 4400, "frames are text");
      },
      drain: (ws) => {
        const connection = core.table.of(ws);
        if (connection !== undefined) connection.seenAt = core.clock.now();
      },
      ping: control,
      pong: control,
      close: (ws, code, reason) => {
        const fault = code === 1006 ? faultOfReason(reason) : undefined;
        const connection = fault === undefined ? undefined : core.table.of(ws);
        if (fault !== undefined && connection !== undefined) core.security.broke(connection, fault);
        lifecycle.closed(ws, code);
      },
      sendPings: false,
      idleTimeout: 120,
      maxPayloadLength: HARD_LIMIT,
      backpressureLimit: 2 * HARD_LIMIT,
      closeOnBackpressureLimit: false,
      perMessageDeflate: false,
    },
  };
}

/** Bun reports a peer that broke the protocol as 1006, with words of its own; no peer can say 1006. */
function faultOfReason(reason: string): number | undefined {
  if (!reason.startsWith("Received ")) return undefined;
  return reason.includes("UTF-8") ? 1007 : reason.includes("too big") ? 1009 : 1002;
}

/** What Bun is told of a request that is not ours, and of one that is upgraded. */
const NOTHING = Promise.resolve(undefined);
const SPEAKS_V1 = { "sec-websocket-protocol": SUBPROTOCOL };

/** What upgrades of one server have in common. */
interface Door {
  readonly server: BunServer;
  readonly internals: Assembly;
  readonly openings: Map<string, Opening>;
  readonly transport: Transport;
  readonly authenticate: AnyAuthenticator | undefined;
}

/** An upgrade for which nothing is waited is done in the turn in which it came: Bun keeps nothing of its request. */
function answerSoon(request: Request, door: Door): Promise<Response | undefined> {
  try {
    const answered = answer(request, door);
    return answered === undefined ? NOTHING : Promise.resolve(answered);
  } catch (error) {
    return failed(error);
  }
}

function answer(request: Request, door: Door): Eventual<Response | undefined> {
  const { desk } = door.internals;
  const remoteAddress = door.server.requestIP?.(request)?.address;
  const upgrade: UpgradeRequest = { url: targetOf(request.url), headers: request.headers, remoteAddress };
  if (request.method !== "GET") return respond(desk.turnAway(upgrade, METHOD_NOT_ALLOWED));
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
    return desk.probe(upgrade, door.authenticate).then(respond);
  const header = lookUpIn(upgrade);
  const fault = faultOf(request.method, header);
  if (fault !== undefined) return respond(desk.turnAway(upgrade, fault, header));
  const welcomed = desk.receive(upgrade, door.authenticate, header);
  return welcomed instanceof Promise ? enterLater(request, door, welcomed) : enter(request, door, welcomed);
}

async function enterLater(
  request: Request,
  door: Door,
  welcomed: Promise<Welcomed | Refusal>,
): Promise<Response | undefined> {
  return enter(request, door, await welcomed);
}

function enter(request: Request, door: Door, welcomed: Welcomed | Refusal): Response | undefined {
  if (isRefusal(welcomed)) return respond(welcomed);
  const { data, opening } = welcomed;
  opening.transport = door.transport;
  door.openings.set(data.connectionId, opening);
  // Said explicitly: Bun would echo the first offer, which may be a ticket. A plain client has offered nothing.
  const options = opening.isV1 ? { data, headers: SPEAKS_V1 } : { data };
  if (door.server.upgrade(request, options)) return undefined;
  door.openings.delete(data.connectionId);
  door.internals.desk.release(welcomed);
  return respond(refusal(400, "bad_request"));
}

function respond({ status, headers }: Refusal): Response {
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

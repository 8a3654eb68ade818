// Combines several systems, and handlers of other libraries, on one Bun server, which accepts only one set of handlers.
// Guarantee: a socket reaches only the handlers of the system that upgraded it.
import type { WebSocketInstance } from "../types.ts";
import type { BunConnection, BunHandlers, BunServer } from "./bun-server.ts";
import { connectionIdOf } from "./socket-handlers.ts";

/** The key under which the handlers of a system tell which sockets belong to it. Other copies of this package read it, too. */
export const SYSTEM: unique symbol = Symbol.for("halyard.bun-system.1");

/** What the handlers of a system tell about the system. */
export interface BunSystem {
  /** The path without a trailing slash; undefined when a function decides. */
  readonly path: string | undefined;
  readonly serves: (request: Request) => boolean;
  /** Whether a socket that opens was upgraded by this system. */
  readonly hasUpgraded: (ws: WebSocketInstance) => boolean;
}

/** Handlers of the application or of another library. */
export interface OtherBunHandlers {
  open?(ws: never): unknown;
  message?(ws: never, message: never): unknown;
  drain?(ws: never): unknown;
  ping?(ws: never, data: never): unknown;
  pong?(ws: never, data: never): unknown;
  close?(ws: never, code: number, reason: string): unknown;
}

type Fetch = (request: Request, server: BunServer) => Promise<Response | undefined>;
type Socket = WebSocketInstance<BunConnection>;
type Handlers = Pick<BunHandlers, "open" | "message" | "drain" | "ping" | "pong" | "close">;

/** The `fetch` and `websocket` of one system, or the handlers of something else. */
export interface CombinedPart {
  readonly fetch?: Fetch | undefined;
  readonly websocket: BunHandlers | OtherBunHandlers;
}

/**
 * Serves several systems on one server of Bun, each on its own path. Handlers of another library, which upgrades requests
 * itself, get the sockets that no system upgraded.
 *
 * @throws TypeError when two systems have the same path, or when more than one part is not a system
 * @example
 * const { fetch, websocket } = combineBunWebSockets(chat, game, { websocket: honoWebSocket });
 * Bun.serve({ fetch: async (request, server) => (await fetch(request, server)) ?? app.fetch(request, server), websocket });
 */
export function combineBunWebSockets(
  first: { readonly fetch: Fetch; readonly websocket: BunHandlers },
  ...rest: readonly CombinedPart[]
): { readonly fetch: Fetch; readonly websocket: BunHandlers } {
  const parts: readonly CombinedPart[] = [first, ...rest];
  assertDistinct(parts);
  const others = parts.find(({ websocket }) => systemOf(websocket) === undefined) ?? first;
  const owners = new WeakMap<Socket, Partial<Handlers>>();
  const fallback = others.websocket as Partial<Handlers>;
  /** A socket without an owner was opened before Bun used these handlers; a system closes such sockets of its own. */
  const ownerOf = (ws: Socket): Partial<Handlers> =>
    owners.get(ws) ?? (connectionIdOf(ws) === undefined ? fallback : first.websocket);
  const open = (ws: Socket): void => {
    const part = parts.find(({ websocket }) => systemOf(websocket)?.hasUpgraded(ws) === true) ?? others;
    const handlers = part.websocket as Partial<Handlers>;
    owners.set(ws, handlers);
    handlers.open?.(ws);
  };
  return {
    fetch(request, server) {
      const part = parts.find(({ websocket }) => systemOf(websocket)?.serves(request) === true);
      return part?.fetch?.(request, server) ?? Promise.resolve(undefined);
    },
    websocket: {
      ...first.websocket,
      ...largestBounds(parts),
      open,
      message: (ws, message) => ownerOf(ws).message?.(ws, message),
      drain: (ws) => ownerOf(ws).drain?.(ws),
      ping: (ws) => ownerOf(ws).ping?.(ws),
      pong: (ws) => ownerOf(ws).pong?.(ws),
      close: (ws, code, reason) => ownerOf(ws).close?.(ws, code, reason),
    },
  };
}

/** The limits that Bun has only once for all sockets: large enough for each part, which enforces its own limits. */
function largestBounds(
  parts: readonly CombinedPart[],
): Pick<BunHandlers, "idleTimeout" | "maxPayloadLength" | "backpressureLimit"> {
  const handlers = parts.map(({ websocket }) => websocket as Partial<BunHandlers>);
  const idle = handlers.flatMap(({ idleTimeout }) => idleTimeout ?? []);
  return {
    // 0 means no time-out.
    idleTimeout: idle.includes(0) ? 0 : Math.max(...idle),
    maxPayloadLength: Math.max(...handlers.map(({ maxPayloadLength = 0 }) => maxPayloadLength)),
    backpressureLimit: Math.max(...handlers.map(({ backpressureLimit = 0 }) => backpressureLimit)),
  };
}

function systemOf(handlers: object): BunSystem | undefined {
  return (handlers as { readonly [SYSTEM]?: BunSystem })[SYSTEM];
}

function assertDistinct(parts: readonly CombinedPart[]): void {
  const systems = parts.map(({ websocket }) => systemOf(websocket));
  if (systems.filter((system) => system === undefined).length > 1)
    throw new TypeError("combineBunWebSockets takes one { websocket } that is of no system");
  const paths = systems.flatMap((system) => system?.path ?? []);
  const taken = paths.find((path, index) => paths.indexOf(path) !== index);
  if (taken !== undefined)
    throw new TypeError(`The path ${taken} is taken: give every createBunWebSocket its own path`);
}

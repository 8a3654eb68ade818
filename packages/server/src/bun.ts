// The entry for Bun: what `Bun.serve` needs so that its WebSockets become connections of a manager.
// Called by the application once per server and path.
// Guarantees: requests for other paths get no answer from here; a slot whose upgrade Bun rejects is given back.
import type { AnyProtocol } from "@halyard/protocol";
import { answerUpgrade, targetOf } from "./bun/answer-upgrade.ts";
import type { UpgradeContext } from "./bun/answer-upgrade.ts";
import type { BunConnection, BunHandlers, BunServer } from "./bun/bun-server.ts";
import { transportOf } from "./bun/bun-transport.ts";
import type { BunSystem, CombinedPart, OtherBunHandlers } from "./bun/combine.ts";
import { combineBunWebSockets, SYSTEM } from "./bun/combine.ts";
import { connectionIdOf, createSocketHandlers } from "./bun/socket-handlers.ts";
import type { UpgradeDetails } from "./connection/upgrade-details.ts";
import type { PathOption } from "./attach/request-path.ts";
import { createPathMatcher, pathnameOf } from "./attach/request-path.ts";
import type { WebSocketManager } from "./manager.ts";
import { internalsOf } from "./manager.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import { newMessageId } from "./utils/ids.ts";
import { applyKillSwitches, readKillSwitches } from "./utils/kill-switches.ts";
import { requireManager } from "./attach/require-manager.ts";

export { combineBunWebSockets };
export type { BunConnection, BunHandlers, BunServer, CombinedPart, OtherBunHandlers, PathOption };

/** What {@link createBunWebSocket} takes. */
export interface BunWebSocketOptions<TProtocol extends AnyProtocol> {
  /** The manager whose connections the sockets become. */
  readonly manager: WebSocketManager<TProtocol>;
  /**
   * The path that clients connect to, without a query, with or without a slash at its end; or a function that decides
   * about a path, at once.
   * @default "/ws"
   */
  readonly path?: PathOption | undefined;
  /** Decides who may connect on this path, in place of the system's `authenticate`. @default the system's */
  readonly authenticate?: AnyAuthenticator | undefined;
}

/** The two options of `Bun.serve` for WebSockets. */
export interface BunWebSocket {
  /**
   * Resolves to undefined for a request of another path, and only for one. After an upgrade it resolves to a response,
   * which Bun ignores.
   */
  readonly fetch: (request: Request, server: BunServer) => Promise<Response | undefined>;
  /** The handlers and limits of all sockets. A socket that `fetch` has not upgraded is closed with 1011. */
  readonly websocket: BunHandlers;
}

/**
 * The two things that `Bun.serve` needs for WebSockets. {@link combineBunWebSockets} serves several systems.
 *
 * @throws TypeError for a path that no request can have, and without a manager
 * @example
 * const { fetch, websocket } = createBunWebSocket({ manager });
 * Bun.serve({ fetch: async (request, server) => (await fetch(request, server)) ?? app(request), websocket });
 */
export function createBunWebSocket<TProtocol extends AnyProtocol>(
  options: BunWebSocketOptions<TProtocol>,
): BunWebSocket {
  const internals = internalsOf(requireManager("createBunWebSocket({ manager })", options));
  const { backplane, logger, report, writer } = internals;
  applyKillSwitches(readKillSwitches(process.env), { writer, backplane, logger });
  const { path, matches } = createPathMatcher(options.path, report);
  const { authenticate } = options;
  /** By connection id: Bun hands `data` from the upgrade to the open socket, and nothing else. */
  const pendingUpgrades = new Map<string, UpgradeDetails>();
  const upgradeContexts = new WeakMap<BunServer, UpgradeContext>();
  const serves = (request: Request): boolean => matches(pathnameOf(targetOf(request.url)));
  const system: BunSystem = {
    path,
    serves,
    hasUpgraded: (ws) => pendingUpgrades.has(connectionIdOf(ws) ?? ""),
  };
  return {
    fetch: (request, server) => {
      if (!serves(request)) return NO_RESPONSE;
      let context = upgradeContexts.get(server);
      if (context === undefined) {
        const transport = transportOf(server, newMessageId());
        context = { server, internals, pendingUpgrades, transport, authenticate };
        upgradeContexts.set(server, context);
      }
      return answerUpgrade(request, context);
    },
    websocket: Object.assign(createSocketHandlers(internals, pendingUpgrades), { [SYSTEM]: system }),
  };
}

const NO_RESPONSE = Promise.resolve(undefined);

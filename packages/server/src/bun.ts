// The entry for Bun: what `Bun.serve` needs so that its WebSockets become connections of a manager.
// Called by the application once per server and path.
// Guarantees: requests for other paths are not answered here; the connection slot is released when Bun rejects the upgrade.
import type { AnyProtocol } from "@halyard/protocol";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import { answerUpgrade } from "./bun/answer-upgrade.ts";
import type { UpgradeContext } from "./bun/answer-upgrade.ts";
import type { BunConnection, BunHandlers, BunServer } from "./bun/bun-server.ts";
import { bunTransportFor } from "./bun/bun-transport.ts";
import type { BunSystem, CombinedPart, OtherBunHandlers } from "./bun/combine.ts";
import { combineBunWebSockets, SYSTEM } from "./bun/combine.ts";
import { connectionIdOf, createSocketHandlers } from "./bun/socket-handlers.ts";
import { listenForSignals, withoutRequests } from "./attach/close-on-signals.ts";
import type { ClosableManager, CloseOptions as SignalOptions } from "./attach/close-on-signals.ts";
import type { UpgradeDetails } from "./connection/upgrade-details.ts";
import type { PathOption } from "./attach/request-path.ts";
import { createPathMatcher, pathnameOf, targetOf } from "./attach/request-path.ts";
import type { WebSocketManager } from "./manager.ts";
import { internals as allInternals } from "./manager.ts";
import { internalsOf } from "./attach/require-manager.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import { newMessageId } from "./utils/ids.ts";
import { applyKillSwitches, readKillSwitches } from "./utils/kill-switches.ts";
import { requireAuthenticator } from "./attach/require-authenticator.ts";
import { warnOfSeveralProcesses } from "./node/several-processes.ts";
import { wrongPathLine } from "./attach/wrong-path.ts";

export { combineBunWebSockets };
export type { BunConnection, BunHandlers, BunServer, CombinedPart, OtherBunHandlers, PathOption };

declare global {
  interface HalyardRawRequests {
    readonly bun: Request;
  }
}

/** The options of {@link createBunWebSocket}. */
export interface BunWebSocketOptions<TProtocol extends AnyProtocol> {
  /** The manager whose connections the sockets become. */
  readonly manager: WebSocketManager<TProtocol>;
  /**
   * The path that clients connect to, without a query, with or without a trailing slash; or a function that decides
   * synchronously whether a path is served.
   * @default "/ws"
   */
  readonly path?: PathOption | undefined;
  /** Decides who may connect on this path, instead of the system's `authenticate`. @default the system's `authenticate` */
  readonly authenticate?: AnyAuthenticator | undefined;
}

/** The two options of `Bun.serve` for WebSockets. */
export interface BunWebSocket {
  /**
   * Resolves to undefined for a request of another path, and only for one. After an upgrade it resolves to a response,
   * which Bun ignores.
   */
  readonly fetch: (request: Request, server: BunServer) => Promise<Response | undefined>;
  /** The handlers and limits of all sockets. A socket that this `fetch` did not upgrade is closed with 1011. */
  readonly websocket: BunHandlers;
}

/**
 * Creates the two options that `Bun.serve` needs for WebSockets. {@link combineBunWebSockets} serves several systems.
 *
 * @throws TypeError for a path that no request can have, and without a manager or an authenticator
 * @example
 * const { fetch, websocket } = createBunWebSocket({ manager });
 * Bun.serve({ fetch: async (request, server) => (await fetch(request, server)) ?? app(request), websocket });
 */
export function createBunWebSocket<TProtocol extends AnyProtocol>(
  options: BunWebSocketOptions<TProtocol>,
): BunWebSocket {
  const internals = internalsOf(allInternals, "createBunWebSocket({ manager })", options);
  const { backplane, logger, report, upgrades, writer } = internals;
  requireAuthenticator(options.authenticate, upgrades.authenticator);
  warnOfSeveralProcesses(internals);
  applyKillSwitches(readKillSwitches(process.env), { writer, backplane, logger });
  const { path, matches } = createPathMatcher(options.path, report);
  const { authenticate } = options;
  internals.sessionWatches.begin(authenticate);
  /** By connection id, because `data` is all that Bun passes from the upgrade to the open socket. */
  const pendingUpgrades = new Map<string, UpgradeDetails>();
  const upgradeContexts = new WeakMap<BunServer, UpgradeContext>();
  const serves = (request: Request): boolean => matches(pathnameOf(targetOf(request.url)));
  let hasWarned = false;
  const warnOfPath = (target: string): void => {
    if (hasWarned) return;
    hasWarned = true;
    const line = { paths: [path ?? ""], write: "createBunWebSocket({ manager, path })" };
    logger.warn({ event: "wrong_path" }, wrongPathLine(pathnameOf(target), line));
  };
  const system: BunSystem = {
    path,
    serves,
    hasUpgraded: (ws) => pendingUpgrades.has(connectionIdOf(ws) ?? ""),
  };
  return {
    fetch: (request, server) => {
      if (!serves(request)) {
        const isOfClient = request.headers.get("sec-websocket-protocol")?.includes(SUBPROTOCOL) === true;
        if (isOfClient && path !== undefined) warnOfPath(targetOf(request.url));
        return NO_RESPONSE;
      }
      let context = upgradeContexts.get(server);
      if (context === undefined) {
        const transport = bunTransportFor(server, newMessageId());
        context = { server, internals, pendingUpgrades, transport, authenticate };
        upgradeContexts.set(server, context);
      }
      return answerUpgrade(request, context);
    },
    websocket: Object.assign(createSocketHandlers(internals, pendingUpgrades), { [SYSTEM]: system }),
  };
}

/** The options of {@link closeOnSignals}. */
export interface CloseOptions extends SignalOptions {
  /** What `Bun.serve` returned. Stopped when the connections are closed; requests that are still being answered get 5 s. @default none */
  readonly server?: { stop(closeActiveConnections?: boolean): unknown } | undefined;
}

/** Ends the process on SIGTERM or SIGINT, like `closeOnSignals` of `@halyard/server/node`, for Bun's server. */
export function closeOnSignals(manager: ClosableManager, options: CloseOptions = {}): () => void {
  const { server } = options;
  const closeServer =
    server && (() => withoutRequests(Promise.resolve(server.stop()), () => server.stop(true)));
  return listenForSignals(manager, options, { process, closeServer });
}

const NO_RESPONSE = Promise.resolve(undefined);

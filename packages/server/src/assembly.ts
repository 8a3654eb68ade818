// Puts one node together: every part is made here, once, and gets exactly the parts that it uses. Called by the manager.
// Guarantees: the backplane is started before the first connection, and no error of the application's hooks escapes.
import { EventLoopMonitor } from "./connection/event-loop-monitor.ts";
import { flatConcat } from "./utils/flat-concat.ts";
import { ApplicationGuard } from "./application/application-guard.ts";
import type { Report } from "./application/application-guard.ts";
import type { Backplane } from "./backplane.ts";
import { ChannelHub } from "./channels/channel-hub.ts";
import { PresenceHub } from "./channels/presence-hub.ts";
import { ReplayPlanner } from "./channels/replay-planner.ts";
import type { AnyConfig } from "./config.ts";
import { ConnectionTable } from "./connection/connection-table.ts";
import { Heartbeat } from "./connection/heartbeat.ts";
import { RateLimits } from "./connection/rate-limits.ts";
import { SessionWatches } from "./connection/session-watches.ts";
import { Writer } from "./delivery/writer.ts";
import { builtInHandlers, PingHandler } from "./handlers.ts";
import type { Broadcaster } from "./handlers.ts";
import { ConnectionSlots } from "./handshake/admission.ts";
import { ConnectionAdmitter } from "./handshake/connection-admitter.ts";
import { ConnectionCloser } from "./handshake/connection-closer.ts";
import { ConnectionHooks } from "./handshake/connection-hooks.ts";
import { ConnectionLog } from "./handshake/connection-log.ts";
import { ConnectionOpener } from "./handshake/connection-opener.ts";
import { decisionsOf } from "./handshake/decisions.ts";
import { HelloHandler } from "./handshake/hello.ts";
import { Memberships } from "./handshake/memberships.ts";
import { OriginRule } from "./handshake/origin-rule.ts";
import { RightsReview } from "./handshake/rights-review.ts";
import { RequestedChannels } from "./handshake/requested-channels.ts";
import { UpgradeGuard } from "./handshake/upgrade-guard.ts";
import { UpgradeLimiter } from "./handshake/upgrade-limiter.ts";
import { WelcomeFrame } from "./handshake/welcome-frame.ts";
import { WelcomeSender } from "./handshake/welcome-sender.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import type { ServerLimits } from "./limits.ts";
import { silentLogger } from "./logger.ts";
import type { Logger } from "./logger.ts";
import { createMemoryBackplane } from "./memory/memory-backplane.ts";
import { Authorization } from "./messages/authorization.ts";
import { ClientRequests } from "./messages/client-requests.ts";
import { ClientSends } from "./messages/client-sends.ts";
import { ControlFrames } from "./messages/control-frames.ts";
import { Deduplicator } from "./messages/deduplicator.ts";
import { Dispatcher } from "./messages/dispatcher.ts";
import { ErrorReplies } from "./messages/error-replies.ts";
import { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import { HandlerRunner } from "./messages/handler-runner.ts";
import { Inbound } from "./messages/inbound.ts";
import { MessageTypeRegistry } from "./messages/message-types.ts";
import { Publisher } from "./messages/publisher.ts";
import { RequestDispatcher } from "./messages/request-dispatcher.ts";
import { Rooms } from "./messages/rooms.ts";
import { SendExecutor } from "./messages/send-executor.ts";
import { ServerRequests } from "./messages/server-requests.ts";
import { UserListRequests } from "./messages/user-list-requests.ts";
import { ClientAddress } from "./security/client-address.ts";
import { SecurityReporter } from "./security/security-reporter.ts";
import { UpgradeHandler } from "./server.ts";
import type { Clock } from "./types.ts";
import { startBackplane } from "./start-backplane.ts";
import type { ClusterParts } from "./start-backplane.ts";
import { systemClock } from "./utils/clock.ts";

/** The parts that several others are made of. Only this file knows them all. */
interface SharedParts extends ClusterParts {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  /** Through which every function of the application is called. */
  readonly guard: ApplicationGuard;
  /** The application's, which throws nothing. */
  readonly logger: Logger;
  readonly backplane: Backplane;
  readonly types: MessageTypeRegistry;
  readonly registry: MessageHandlerRegistry;
  readonly connections: ConnectionTable;
  readonly channels: ChannelHub;
  readonly presence: PresenceHub;
  readonly writer: Writer;
  readonly eventLoop: EventLoopMonitor;
  readonly deduplicator: Deduplicator;
  readonly sessionWatches: SessionWatches;
  readonly securityReporter: SecurityReporter;
  /** Makes an id that is unique among all nodes. */
  readonly nextConnectionId: () => string;
  /** Reports an error of the application's own code. Never throws. */
  readonly report: Report;
}

/** The parts that the manager and the runtimes use. */
export interface Assembly extends SharedParts {
  readonly publisher: Publisher;
  readonly serverRequests: ServerRequests;
  readonly rooms: Rooms;
  readonly inbound: Inbound;
  readonly opener: ConnectionOpener;
  readonly closer: ConnectionCloser;
  readonly heartbeat: Heartbeat;
  readonly upgrades: UpgradeHandler;
}

const DEFAULT_CONNECTIONS_PER_USER = 20;

/** Makes a node and starts its backplane. */
export function assemble(config: AnyConfig, broadcaster: Broadcaster): Assembly {
  const ping = new PingHandler(broadcaster);
  const registry = config.handlers ?? new MessageHandlerRegistry(builtInHandlers(config, broadcaster, ping));
  const shared = createSharedParts(config, registry);
  const { builtIns = {} } = config;
  // Hooks may be methods of the configuration, which stays their `this`.
  const authorize = config.authorize?.bind(config);
  const { channels, clock, connections, guard, limits, presence, writer } = shared;
  const authorization = new Authorization({ authorize, clock, guard, limits });
  const rooms = new Rooms({ authorization, builtIns, channels, limits, presence });
  const handshake = createHandshakeParts(config, shared, { authorization, rooms });
  const { closer, helloHandler, log, slots, upgrades } = handshake;
  const messages = createMessageParts(config, shared, { authorization, helloHandler, ping, rooms });
  const { inbound, publisher, serverRequests } = messages;
  const { nextConnectionId, revocations } = shared;
  const admitter = new ConnectionAdmitter({ slots, presence, helloHandler, inbound, log, revocations });
  const services = { writer, owner: closer };
  const opener = new ConnectionOpener({ connections, nextConnectionId, clock, services, admitter, log });
  const heartbeat = new Heartbeat({ clock, limits, connections: () => connections.all() });
  return { ...shared, publisher, serverRequests, rooms, inbound, opener, closer, heartbeat, upgrades };
}

function createSharedParts(config: AnyConfig, registry: MessageHandlerRegistry): SharedParts {
  const clock = config.clock ?? systemClock;
  const onApplicationError = config.onError?.bind(config);
  const written = config.logger ?? silentLogger;
  const guard = new ApplicationGuard({ onError: onApplicationError, logger: written, clock });
  const { logger, report } = guard;
  const limits = { ...DEFAULT_LIMITS, ...config.limits };
  const backplane = config.backplane ?? createMemoryBackplane({ clock });
  const onError = (error: unknown): void => {
    report(error, { type: "backplane", ws: undefined });
  };
  const { retention, recentBytes } = historyBounds(limits);
  const channels = new ChannelHub({ backplane, clock, logger, retention, recentBytes });
  const limit = config.maxConnectionsPerUser ?? DEFAULT_CONNECTIONS_PER_USER;
  const presence = new PresenceHub({ backplane, clock, batchMs: limits.presenceBatchMs, limit, onError });
  const sessionWatches = new SessionWatches({ backplane, limits, onError, guard, clock });
  const connections = new ConnectionTable();
  const listeners = { backplane, channels, clock, connections, presence, sessionWatches };
  const hook = guard.listener("onSecurityEvent", config.onSecurityEvent?.bind(config));
  let connectionCounter = 0;
  return {
    limits,
    clock,
    guard,
    logger,
    backplane,
    registry,
    report,
    channels,
    presence,
    sessionWatches,
    securityReporter: new SecurityReporter({ clock, logger, hook }),
    types: new MessageTypeRegistry(config.protocol),
    connections,
    ...startBackplane(listeners, onError),
    writer: new Writer(clock, limits),
    eventLoop: new EventLoopMonitor(clock, logger),
    deduplicator: new Deduplicator(backplane, clock, limits.handlerMs),
    nextConnectionId: () => flatConcat(`${backplane.nodeId}.`, String(++connectionCounter)),
  };
}

/** A node's own newest frames get 1/32 of the memory of history, and so one user at most 1/8 of it in both places. */
function historyBounds(
  limits: ServerLimits,
): Pick<ConstructorParameters<typeof ChannelHub>[0], "retention" | "recentBytes"> {
  const { historyMessages: messages, historyBytes: bytes, historyMs: ms, historyTotalBytes } = limits;
  const recentBytes = Math.floor(historyTotalBytes / 32);
  const totalBytes = historyTotalBytes - recentBytes;
  const authorBytes = Math.floor(historyTotalBytes / 8) - recentBytes;
  return { retention: { messages, bytes, ms, totalBytes, authorBytes }, recentBytes };
}

interface HandshakeParts {
  readonly slots: ConnectionSlots;
  readonly closer: ConnectionCloser;
  readonly helloHandler: HelloHandler;
  readonly log: ConnectionLog;
  readonly upgrades: UpgradeHandler;
}

/** The parts between an HTTP request and a subscribed connection, and those of its close. */
function createHandshakeParts(
  config: AnyConfig,
  shared: SharedParts,
  { authorization, rooms }: { readonly authorization: Authorization; readonly rooms: Rooms },
): HandshakeParts {
  const { backplane, channels, clock, closes, connections, guard, limits, logger, nextConnectionId } = shared;
  const { presence, registry, report, securityReporter, sessionWatches, types } = shared;
  const { maxConnectionsPerUser: limit = DEFAULT_CONNECTIONS_PER_USER } = config;
  const { authenticate, verboseLogging, builtIns } = config;
  const { acceptContract, onConnectionLimit: policy, trustProxy } = decisionsOf(config, guard);
  const onConnect = config.onConnect?.bind(config);
  const onDisconnect = config.onDisconnect?.bind(config);
  const slots = new ConnectionSlots({
    backplane,
    connections,
    closes,
    nextConnectionId,
    report,
    perUser: { limit, policy },
  });
  const log = new ConnectionLog({ logger, report, verboseLogging });
  const hooks = new ConnectionHooks({ onConnect, onDisconnect, registry, clock, limits, guard });
  const rightsReview = new RightsReview({ authorization, builtIns, channels, presence, rooms });
  const settings = { builtIns, leaveGraceMs: limits.leaveGraceMs };
  const memberships = new Memberships({ channels, presence, rooms, authorization, rightsReview, settings });
  const closer = new ConnectionCloser({ connections, clock, securityReporter, memberships, hooks, log });
  const welcomeSender = new WelcomeSender({
    channels,
    replayPlanner: new ReplayPlanner({ channels, clock }),
    clock,
    requestedChannels: new RequestedChannels({ authorization, limits, securityReporter }),
    welcomeFrame: new WelcomeFrame({ backplane, connections, limits, types }),
    memberships,
  });
  const helloHandler = new HelloHandler({ acceptContract, slots, hooks, welcomeSender, clock, limits });
  const clientAddress = new ClientAddress(trustProxy, logger);
  const upgradeGuard = new UpgradeGuard({
    clock,
    limits,
    limiter: new UpgradeLimiter(clock, limits, shared.eventLoop),
    securityReporter,
    application: guard,
    abandon: (accepted) => {
      slots.abandon(accepted);
    },
  });
  const allowedOrigins =
    typeof config.allowedOrigins === "function" ? config.allowedOrigins.bind(config) : config.allowedOrigins;
  const isYes = (option: string, answer: unknown): boolean => upgradeGuard.isYes(option, answer);
  const upgrades = new UpgradeHandler({
    authenticate,
    clientAddress,
    guard: upgradeGuard,
    originRule: new OriginRule({ allowedOrigins, logger, isYes }),
    slots,
    sessionWatches,
    limits,
  });
  return { slots, closer, helloHandler, log, upgrades };
}

interface MessagePartsInput {
  readonly authorization: Authorization;
  readonly helloHandler: HelloHandler;
  readonly ping: PingHandler;
  readonly rooms: Rooms;
}

/** The parts between a frame and its handler, and those that publish. */
function createMessageParts(
  { builtIns = {} }: AnyConfig,
  shared: SharedParts,
  { authorization, helloHandler, ping, rooms }: MessagePartsInput,
): Pick<Assembly, "inbound" | "publisher" | "serverRequests"> {
  const { channels, clock, connections, deduplicator, guard, limits, presence } = shared;
  const { registry, report, securityReporter, sessionWatches, types } = shared;
  const rateLimits = new RateLimits(limits, clock);
  const errorReplies = new ErrorReplies({ clock, report, securityReporter });
  const publisher = new Publisher({ channels, clock, connections, report, types });
  const serverRequests = new ServerRequests({ clock, connections, limits, types });

  const userListRequests = new UserListRequests({ authorization, builtIns, presence });
  const requestDispatcher = new RequestDispatcher({
    clock,
    limits,
    registry,
    report,
    types,
    userListRequests,
  });
  const requestParts = { deduplicator, limits, report, requestDispatcher, securityReporter };
  const clientRequests = new ClientRequests(requestParts);

  const handlerRunner = new HandlerRunner({ clock, connections, guard, limits, ping, registry });
  const dispatchParts = { authorization, builtIns, handlerRunner, publisher, registry, types };
  const dispatcher = new Dispatcher(dispatchParts);
  const sendExecutor = new SendExecutor({ deduplicator, dispatcher, errorReplies, report });
  const clientSends = new ClientSends({ clock, errorReplies, limits, rateLimits, sendExecutor, types });

  const controlParts = { clientRequests, handlerRunner, helloHandler, rateLimits, rooms, sessionWatches };
  const controlFrames = new ControlFrames(controlParts);
  const inbound = new Inbound({ clientSends, clock, controlFrames, errorReplies, limits, rateLimits });
  return { inbound, publisher, serverRequests };
}

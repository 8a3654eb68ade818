// Assembles one node: each part is created here, once, and receives exactly the parts that it uses. Called by the manager.
// Guarantees: the backplane starts before the first connection opens, and no error of the application's hooks escapes.
import { EventLoopMonitor } from "./metrics/event-loop-monitor.ts";
import { flatConcat } from "./utils/flat-concat.ts";
import { ApplicationGuard } from "./application/application-guard.ts";
import { assertBackplane, assertKinds } from "./application/option-kinds.ts";
import type { Report } from "./application/application-guard.ts";
import type { Backplane } from "./backplane.ts";
import { ChannelHub } from "./channels/channel-hub.ts";
import { historyBounds } from "./channels/history-bounds.ts";
import { PresenceHub } from "./presence/presence-hub.ts";
import { ReplayPlanner } from "./channels/replay-planner.ts";
import type { AnyConfig } from "./config.ts";
import { checkedConnectionsPerUser, checkedLimits } from "./connection/checked-limits.ts";
import { ClientRooms } from "./connection/client-rooms.ts";
import { ConnectionTable } from "./connection/connection-table.ts";
import { Heartbeat } from "./connection/heartbeat.ts";
import { RateLimits } from "./connection/rate-limits.ts";
import { SessionWatches } from "./connection/session-watches.ts";
import { Writer } from "./delivery/writer.ts";
import { builtInHandlers, composerOf, PingHandler } from "./handlers.ts";
import type { Broadcaster } from "./handlers.ts";
import { ConnectionSlots } from "./handshake/admission.ts";
import { ConnectionAdmitter } from "./handshake/connection-admitter.ts";
import { ConnectionCloser } from "./handshake/connection-closer.ts";
import { ConnectionHooks, hooksOf } from "./handshake/connection-hooks.ts";
import { ConnectionLog } from "./handshake/connection-log.ts";
import { ConnectionOpener } from "./handshake/connection-opener.ts";
import { guardedOptions } from "./handshake/guarded-options.ts";
import { HelloHandler } from "./handshake/hello.ts";
import { Memberships } from "./handshake/memberships.ts";
import { OriginRule } from "./handshake/origin-rule.ts";
import { RightsReview } from "./handshake/rights-review.ts";
import { RequestedChannels } from "./handshake/requested-channels.ts";
import { UpgradeGuard } from "./handshake/upgrade-guard.ts";
import { UpgradeLimiter } from "./handshake/upgrade-limiter.ts";
import { WelcomeFinisher } from "./welcome-finisher.ts";
import { WelcomeFrame } from "./handshake/welcome-frame.ts";
import { WelcomeSender } from "./handshake/welcome-sender.ts";
import type { ServerLimits } from "./limits.ts";
import type { Logger } from "./logger.ts";
import type { SystemLogger } from "./logging/logger-of.ts";
import { loggerOf } from "./logging/logger-of.ts";
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
import { MessageLog, MissingHandlerHints } from "./messages/message-log.ts";
import { MessageTypeRegistry } from "./messages/message-types.ts";
import { MessagePublisher } from "./messages/message-publisher.ts";
import { RequestDispatcher } from "./messages/request-dispatcher.ts";
import { Rooms } from "./messages/rooms.ts";
import { SendExecutor } from "./messages/send-executor.ts";
import { StateChecks } from "./presence/state-checks.ts";
import { UserListRequests } from "./messages/user-list-requests.ts";
import { ClientAddress } from "./security/client-address.ts";
import { SecurityReporter } from "./security/security-reporter.ts";
import { UpgradeHandler } from "./server.ts";
import { createCounters } from "./management/counters.ts";
import type { Counters } from "./management/counters.ts";
import type { Clock } from "./types.ts";
import { startBackplane } from "./cluster/start-backplane.ts";
import type { ClusterParts } from "./cluster/start-backplane.ts";
import { BackplaneMonitor } from "./availability/backplane-monitor.ts";
import { systemClock } from "./utils/clock.ts";

/** The parts that several other parts use. Only this file knows all of them. */
interface SharedParts extends ClusterParts, Omit<Counters, "addFrame"> {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  /** Calls every function of the application. */
  readonly guard: ApplicationGuard;
  /** The application's logger, wrapped so that it never throws. */
  readonly logger: Logger;
  readonly systemLogger: Pick<SystemLogger, "stop" | "silence">;
  readonly backplane: Backplane;
  readonly monitor: BackplaneMonitor;
  readonly types: MessageTypeRegistry;
  readonly registry: MessageHandlerRegistry;
  readonly connections: ConnectionTable;
  readonly clientRooms: ClientRooms;
  readonly channels: ChannelHub;
  readonly presence: PresenceHub;
  readonly writer: Writer;
  readonly eventLoop: EventLoopMonitor;
  readonly rateLimits: RateLimits;
  readonly deduplicator: Deduplicator;
  readonly sessionWatches: SessionWatches;
  readonly securityReporter: SecurityReporter;
  /** Returns an id that is unique among all nodes. */
  readonly nextConnectionId: () => string;
  /** Reports an error of the application's own code. Never throws. */
  readonly report: Report;
}

/** The parts that the manager and the runtimes use. */
export interface Assembly extends SharedParts {
  readonly publisher: MessagePublisher;
  readonly rooms: Rooms;
  readonly inbound: Inbound;
  readonly clientRequests: ClientRequests;
  readonly opener: ConnectionOpener;
  readonly closer: ConnectionCloser;
  readonly heartbeat: Heartbeat;
  readonly upgrades: UpgradeHandler;
}

/** Creates a node and starts its backplane. */
export function assemble(config: AnyConfig, broadcaster: Broadcaster): Assembly {
  const ping = new PingHandler(broadcaster);
  const handlers = builtInHandlers(config, broadcaster, ping);
  const registry = config.handlers ?? new MessageHandlerRegistry(handlers, config.protocol);
  const shared = createSharedParts(config, registry);
  const { builtIns = {} } = config;
  // Hooks may be methods of the configuration object, so `this` stays bound to it.
  const authorize = config.authorize?.bind(config);
  const { clock, connections, guard, limits, presence, writer } = shared;
  const authorization = new Authorization({ authorize, clock, guard, limits });
  const rooms = new Rooms({ ...shared, authorization, builtIns });
  const handshake = createHandshakeParts(config, shared, { authorization, rooms });
  const { closer, helloHandler, log, slots, upgrades } = handshake;
  const messageInput = { authorization, broadcaster, helloHandler, ping, rooms };
  const messages = createMessageParts(config, shared, messageInput);
  const { nextConnectionId, revocations } = shared;
  const { inbound } = messages;
  const admitter = new ConnectionAdmitter({ slots, presence, helloHandler, inbound, log, revocations });
  const services = { writer, owner: closer };
  const opener = new ConnectionOpener({ connections, nextConnectionId, clock, services, admitter, log });
  const heartbeat = new Heartbeat({ ...shared, connections: () => connections.all(), rooms });
  shared.statistics.isDraining = () => upgrades.isDraining;
  return { ...shared, ...messages, rooms, opener, closer, heartbeat, upgrades };
}

function createSharedParts(config: AnyConfig, registry: MessageHandlerRegistry): SharedParts {
  assertKinds(config);
  const clock = config.clock ?? systemClock;
  const systemLogger = loggerOf(config.logger, { clock, verboseLogging: config.verboseLogging });
  const guard = new ApplicationGuard({ onError: config.onError?.bind(config), ...systemLogger, clock });
  const { logger, report } = guard;
  const limits = checkedLimits(config.limits);
  const backplane = config.backplane ?? createMemoryBackplane({ clock });
  assertBackplane(backplane);
  const onError = (error: unknown): void => {
    report(error, { type: "backplane", ws: undefined });
  };
  const monitor = new BackplaneMonitor({ backplane, clock, logger });
  const isAway = (): boolean => monitor.isAway;
  const channels = new ChannelHub({ backplane, clock, logger, isAway, ...historyBounds(limits) });
  const limit = checkedConnectionsPerUser(config.maxConnectionsPerUser);
  const presence = new PresenceHub({ backplane, clock, limit, limits, monitor, onError });
  const sessionWatches = new SessionWatches({ backplane, limits, onError, guard, clock });
  const connections = new ConnectionTable();
  const types = new MessageTypeRegistry(config.protocol);
  const hasPresence = config.builtIns?.presence !== false;
  const clientRooms = new ClientRooms({ backplane, monitor, onError });
  const heard = { channels, clientRooms, monitor, presence, sessionWatches };
  const listeners = { ...heard, backplane, clock, connections, hasPresence, limits, types };
  const hook = guard.listener("onSecurityEvent", config.onSecurityEvent?.bind(config));
  let connectionCounter = 0;
  const { addFrame, ...counters } = createCounters(types, registry);
  return {
    limits,
    clock,
    guard,
    logger,
    systemLogger,
    backplane,
    monitor,
    registry,
    report,
    channels,
    presence,
    sessionWatches,
    securityReporter: new SecurityReporter({ clock, logger, hook }),
    types,
    connections,
    clientRooms,
    ...startBackplane(listeners, onError),
    ...counters,
    writer: new Writer(clock, limits, { addFrame }),
    eventLoop: new EventLoopMonitor(clock, logger),
    rateLimits: new RateLimits(limits, clock),
    deduplicator: new Deduplicator(backplane, clock, limits.handlerMs),
    nextConnectionId: () => flatConcat(`${backplane.nodeId}.`, String(++connectionCounter)),
  };
}

interface HandshakeParts {
  readonly slots: ConnectionSlots;
  readonly closer: ConnectionCloser;
  readonly helloHandler: HelloHandler;
  readonly log: ConnectionLog;
  readonly upgrades: UpgradeHandler;
}

/** The parts that turn an HTTP request into a subscribed connection, and those that close it. */
function createHandshakeParts(
  config: AnyConfig,
  shared: SharedParts,
  { authorization, rooms }: { readonly authorization: Authorization; readonly rooms: Rooms },
): HandshakeParts {
  const { backplane, channels, clock, connections, guard, limits, logger, monitor } = shared;
  const { clientRooms, presence, rateLimits, registry, report, securityReporter, sessionWatches, types } =
    shared;
  const limit = checkedConnectionsPerUser(config.maxConnectionsPerUser);
  const { authenticate, verboseLogging, builtIns } = config;
  const { acceptContract, onConnectionLimit: policy, trustProxy } = guardedOptions(config, guard);
  const perUser = { limit, policy };
  const slots = new ConnectionSlots({ ...shared, perUser });
  const log = new ConnectionLog({ logger, report, verboseLogging });
  const hooks = new ConnectionHooks({ hooks: hooksOf(config), registry, clock, limits, guard });
  const rightsReview = new RightsReview({ authorization, builtIns, channels, monitor, presence, rooms });
  const settings = { builtIns, leaveGraceMs: limits.leaveGraceMs };
  const memberships = new Memberships({ channels, presence, rooms, authorization, rightsReview, settings });
  shared.userRights.onChanged = memberships.changeRights.bind(memberships);
  const closer = new ConnectionCloser({ connections, clock, securityReporter, memberships, hooks, log });
  const finisher = new WelcomeFinisher({ ...shared, authorization, rooms });
  finisher.start();
  const channelParts = { authorization, clientRooms, clock, limits, rateLimits, securityReporter };
  const welcomeSender = new WelcomeSender({
    channels,
    replayPlanner: new ReplayPlanner({ channels, clock }),
    ...{ clock, finisher, monitor },
    requestedChannels: new RequestedChannels(channelParts),
    welcomeFrame: new WelcomeFrame({ ...config, backplane, connections, limits, monitor, types }),
    memberships,
  });
  const helloHandler = new HelloHandler({ ...shared, acceptContract, slots, hooks, welcomeSender });
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
  sessionWatches.begin(authenticate);
  return { slots, closer, helloHandler, log, upgrades };
}

interface MessagePartsInput {
  readonly authorization: Authorization;
  readonly broadcaster: Broadcaster;
  readonly helloHandler: HelloHandler;
  readonly ping: PingHandler;
  readonly rooms: Rooms;
}

/** The parts that bring a frame to its handler, and those that publish messages. */
function createMessageParts(
  { builtIns = {}, protocol, verboseLogging }: AnyConfig,
  shared: SharedParts,
  { authorization, broadcaster, helloHandler, ping, rooms }: MessagePartsInput,
): Pick<Assembly, "clientRequests" | "inbound" | "publisher"> {
  const { channels, clock, connections, guard, limits } = shared;
  const { rateLimits, registry, report, securityReporter, sessionWatches, types } = shared;
  const messageLog = verboseLogging === true ? new MessageLog(shared) : undefined;
  const errorReplies = new ErrorReplies({ clock, messageLog, rateLimits, report, securityReporter });
  const publisher = new MessagePublisher({ channels, clock, connections, report, types });

  const userListRequests = new UserListRequests({ ...shared, authorization, builtIns });
  const hints = new MissingHandlerHints(shared.logger);
  const requestDispatcher = new RequestDispatcher({ ...shared, hints, userListRequests });
  const clientRequests = new ClientRequests({ ...shared, messageLog, requestDispatcher });
  const handlerRunner = new HandlerRunner({ clock, connections, guard, limits, ping, registry });
  const dispatcher = new Dispatcher({
    ...{ authorization, builtIns, handlerRunner, hints, publisher, rateLimits, types },
    composerOf: (handler) => composerOf(handler, { broadcaster, connections }),
  });
  const sendExecutor = new SendExecutor({ ...shared, dispatcher, errorReplies, messageLog });
  const clientSends = new ClientSends({ clock, errorReplies, limits, rateLimits, sendExecutor, types });

  const controlParts = { clientRequests, handlerRunner, helloHandler, messageLog, rateLimits, rooms };
  const stateChecks = new StateChecks({ ...shared, handlerRunner, protocol });
  const controlFrames = new ControlFrames({ ...controlParts, sessionWatches, stateChecks });
  const inbound = new Inbound({ ...shared, clientSends, controlFrames, errorReplies });
  return { clientRequests, inbound, publisher };
}

// Puts one node together: every part is made here, once, and gets exactly the parts that it uses. Called by the manager.
// Guarantees: the backplane is started before the first connection, and no error of the application's hooks escapes.
import type { Backplane } from "./backplane.ts";
import { ChannelHub } from "./channels/channel-hub.ts";
import { PresenceHub } from "./channels/presence-hub.ts";
import type { AnyConfig } from "./config.ts";
import { ConnectionTable } from "./connection/connection-table.ts";
import { Heartbeat } from "./connection/heartbeat.ts";
import { RateLimits } from "./connection/rate-limits.ts";
import { SessionWatches } from "./connection/session-watches.ts";
import { Writer } from "./delivery/writer.ts";
import { ChatMessageHandler, PingHandler, TypingIndicatorHandler } from "./handlers.ts";
import type { Broadcaster } from "./handlers.ts";
import { ConnectionLifecycle } from "./handshake/connection-lifecycle.ts";
import { HelloHandler } from "./handshake/hello.ts";
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
import type { MessageHandler } from "./messages/handler-registry.ts";
import { HandlerRunner } from "./messages/handler-runner.ts";
import { Inbound } from "./messages/inbound.ts";
import { MessageTypeRegistry } from "./messages/message-types.ts";
import { Publisher } from "./messages/publisher.ts";
import { RequestDispatcher } from "./messages/request-dispatcher.ts";
import { Rooms } from "./messages/rooms.ts";
import { SendExecutor } from "./messages/send-executor.ts";
import { ServerRequests } from "./messages/server-requests.ts";
import { UserListRequests } from "./messages/user-list-requests.ts";
import { SecurityReporter } from "./security/security-reporter.ts";
import { UpgradeHandler } from "./server.ts";
import type { Clock, ErrorContext } from "./types.ts";
import { systemClock } from "./utils/clock.ts";
import { printable } from "./utils/printable.ts";

/** The shared parts of a node: what more than one part is made of. Only this file passes them on. */
export interface ServerContext {
  readonly config: AnyConfig;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly backplane: Backplane;
  readonly types: MessageTypeRegistry;
  readonly registry: MessageHandlerRegistry;
  readonly connections: ConnectionTable;
  readonly channels: ChannelHub;
  readonly presence: PresenceHub;
  readonly writer: Writer;
  readonly deduplicator: Deduplicator;
  readonly sessionWatches: SessionWatches;
  readonly securityReporter: SecurityReporter;
  /** Makes an id that is unique among all nodes. */
  readonly nextConnectionId: () => string;
  /** Reports an error of the application's own code. Never throws. */
  readonly report: (error: unknown, context: ErrorContext) => void;
}

/** The parts that the manager and the runtimes use. */
export interface Assembly extends ServerContext {
  readonly publisher: Publisher;
  readonly serverRequests: ServerRequests;
  readonly rooms: Rooms;
  readonly inbound: Inbound;
  readonly lifecycle: ConnectionLifecycle;
  readonly heartbeat: Heartbeat;
  readonly upgrades: UpgradeHandler;
}

type MessageParts = Pick<Assembly, "inbound" | "publisher" | "rooms" | "serverRequests"> & {
  readonly authorization: Authorization;
  readonly helloHandler: HelloHandler;
};

/** Makes a node and starts its backplane. */
export function assemble(config: AnyConfig, broadcaster: Broadcaster): Assembly {
  const ping = new PingHandler(broadcaster);
  const registry = config.handlers ?? new MessageHandlerRegistry(builtInHandlers(config, broadcaster, ping));
  const core = createServerContext(config, registry);
  const { clock, connections, limits } = core;
  const { helloHandler, inbound, publisher, rooms, serverRequests } = createMessageParts(core, ping);
  return {
    ...core,
    publisher,
    serverRequests,
    rooms,
    inbound,
    lifecycle: new ConnectionLifecycle({ core, helloHandler, inbound, rooms }),
    heartbeat: new Heartbeat({ clock, limits, connections: () => connections.all() }),
    upgrades: new UpgradeHandler(core),
  };
}

function createServerContext(config: AnyConfig, registry: MessageHandlerRegistry): ServerContext {
  const clock = config.clock ?? systemClock;
  const logger = config.logger ?? silentLogger;
  const limits = { ...DEFAULT_LIMITS, ...config.limits };
  const backplane = config.backplane ?? createMemoryBackplane({ clock });
  const report = createReporter(config);
  const onError = (error: unknown): void => {
    report(error, { type: "backplane", ws: undefined });
  };
  const { historyMessages: messages, historyBytes: bytes, historyMs: ms } = limits;
  const channels = new ChannelHub({ backplane, clock, logger, retention: { messages, bytes, ms } });
  const presence = new PresenceHub({ backplane, clock, batchMs: limits.presenceBatchMs, onError });
  const sessionWatches = new SessionWatches(backplane, onError);
  const { onPublication, onEphemeral, onInterrupted } = channels;
  const { onPresence } = presence;
  const { onNotice } = sessionWatches;
  backplane.start({ onPublication, onEphemeral, onInterrupted, onPresence, onNotice }).catch(onError);
  let connectionCounter = 0;
  return {
    config,
    limits,
    clock,
    logger,
    backplane,
    registry,
    report,
    channels,
    presence,
    sessionWatches,
    securityReporter: new SecurityReporter({ clock, logger, hook: config.onSecurityEvent, report }),
    types: new MessageTypeRegistry(config.protocol),
    connections: new ConnectionTable(),
    writer: new Writer(clock, limits),
    deduplicator: new Deduplicator(backplane, clock, limits.handlerMs),
    nextConnectionId: () => `${backplane.nodeId}.${String(++connectionCounter)}`,
  };
}

function createMessageParts(core: ServerContext, ping: MessageHandler): MessageParts {
  const { backplane, channels, clock, config, connections, deduplicator, limits, logger } = core;
  const { presence, registry, report, securityReporter, sessionWatches, types } = core;
  const { authorize, builtIns = {} } = config;
  const rateLimits = new RateLimits(limits, clock);
  const authorization = new Authorization({ authorize, clock, limits, logger, report });
  const errorReplies = new ErrorReplies({ clock, report, securityReporter });
  const publisher = new Publisher({ channels, clock, connections, report, types });
  const rooms = new Rooms({ authorization, backplane, builtIns, channels, limits, presence });
  const helloHandler = new HelloHandler({ core, authorization, rooms });
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

  const handlerRunner = new HandlerRunner({ clock, connections, limits, ping, registry });
  const dispatchParts = { authorization, builtIns, handlerRunner, publisher, registry, types };
  const dispatcher = new Dispatcher(dispatchParts);
  const sendExecutor = new SendExecutor({ deduplicator, dispatcher, errorReplies, report });
  const clientSends = new ClientSends({ clock, errorReplies, limits, rateLimits, sendExecutor, types });

  const controlParts = { clientRequests, handlerRunner, helloHandler, rateLimits, rooms, sessionWatches };
  const controlFrames = new ControlFrames(controlParts);
  const inbound = new Inbound({ clientSends, clock, controlFrames, errorReplies, limits, rateLimits });
  return { authorization, helloHandler, inbound, publisher, rooms, serverRequests };
}

function builtInHandlers(
  { builtIns = {}, echoToSender, chat }: AnyConfig,
  broadcaster: Broadcaster,
  ping: PingHandler,
): MessageHandler[] {
  const handlers: MessageHandler[] = [ping];
  if (builtIns.chat !== false) {
    const beforePublish = chat?.beforePublish;
    handlers.push(new ChatMessageHandler(broadcaster, { echoToSender, beforePublish }));
  }
  if (builtIns.typing !== false) handlers.push(new TypingIndicatorHandler(broadcaster));
  return handlers;
}

/** Passes errors of the application's code to `onError`; without one, or when it throws, to the logger. */
function createReporter({ onError, logger = silentLogger }: AnyConfig): ServerContext["report"] {
  const log = (error: unknown, context: ErrorContext): void => {
    logger.error({ type: context.type, error: errorLine(error) }, "the application's code failed");
  };
  return (error, context) => {
    if (onError === undefined) {
      log(error, context);
      return;
    }
    try {
      onError(error, context);
    } catch (failure) {
      log(failure, { type: "onError", ws: context.ws });
    }
  };
}

/** One line of at most 400 characters: error texts may quote what a client sent. */
function errorLine(error: unknown): string {
  return printable(error instanceof Error ? (error.stack ?? error.message) : String(error), 400);
}

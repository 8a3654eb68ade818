import { ServerRequests } from "./messages/server-requests.ts";
import { Authorization } from "./messages/authorization.ts";
import { ControlFrames } from "./messages/control-frames.ts";
import type { AnyConfig } from "./config.ts";
import type { ServerContext } from "./server-context.ts";
import { createServerContext } from "./create-core.ts";
import { Dispatcher } from "./messages/dispatcher.ts";
import { ErrorReplies } from "./messages/error-replies.ts";
import { ConnectionSlots } from "./handshake/admission.ts";
import { ConnectionAdmitter } from "./handshake/connection-admitter.ts";
import { ConnectionCloser } from "./handshake/connection-closer.ts";
import { ConnectionHooks } from "./handshake/connection-hooks.ts";
import { ConnectionLog } from "./handshake/connection-log.ts";
import { ConnectionOpener } from "./handshake/connection-opener.ts";
import { HelloHandler } from "./handshake/hello.ts";
import { Memberships } from "./handshake/memberships.ts";
import { RequestedChannels } from "./handshake/requested-channels.ts";
import { UpgradeGuard } from "./handshake/upgrade-guard.ts";
import { UpgradeLimiter } from "./handshake/upgrade-limiter.ts";
import { WelcomeFrame } from "./handshake/welcome-frame.ts";
import { WelcomeSender } from "./handshake/welcome-sender.ts";
import { ClientAddress } from "./security/client-address.ts";
import { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import { ChatMessageHandler, PingHandler, TypingIndicatorHandler } from "./handlers.ts";
import type { MessageHandler } from "./messages/handler-registry.ts";
import type { Broadcaster } from "./handlers.ts";
import { Heartbeat } from "./connection/heartbeat.ts";
import { Inbound } from "./messages/inbound.ts";
import { Publisher } from "./messages/publisher.ts";
import { ClientRequests } from "./messages/client-requests.ts";
import { RequestDispatcher } from "./messages/request-dispatcher.ts";
import { Rooms } from "./messages/rooms.ts";
import { ClientSends } from "./messages/client-sends.ts";
import { UpgradeHandler } from "./server.ts";
import { RateLimits } from "./connection/rate-limits.ts";

/** The parts that a manager and the glue of a runtime work with. */
export interface Assembly {
  readonly core: ServerContext;
  readonly publisher: Publisher;
  readonly serverRequests: ServerRequests;
  readonly rooms: Rooms;
  readonly inbound: Inbound;
  readonly opener: ConnectionOpener;
  readonly closer: ConnectionCloser;
  readonly heartbeat: Heartbeat;
  readonly upgrades: UpgradeHandler;
}

/** Puts a node together. Everything that may end a connection does it through one `shut`. */
export function assemble(config: AnyConfig, broadcaster: Broadcaster): Assembly {
  const registry = config.handlers ?? new MessageHandlerRegistry(builtInHandlers(config, broadcaster));
  const core = createServerContext(config, registry);
  const publisher = new Publisher(core);
  const authorization = new Authorization(core);
  const throttle = new RateLimits(core.limits, core.clock);
  const failures = new ErrorReplies(core);
  const rooms = new Rooms(core, authorization);
  const handshake = assembleHandshake(core, { authorization, rooms });
  const runner = new ClientRequests(core, new RequestDispatcher(core, authorization));
  const ping = new PingHandler(broadcaster);
  const control = new ControlFrames({
    core,
    helloHandler: handshake.helloHandler,
    rooms,
    clientRequests: runner,
    ping,
    rateLimits: throttle,
  });
  const dispatcher = new Dispatcher({ core, authorization, publisher });
  const sends = new ClientSends({ core, dispatcher, errorReplies: failures, rateLimits: throttle });
  const inbound = new Inbound({
    core,
    controlFrames: control,
    clientSends: sends,
    rateLimits: throttle,
    errorReplies: failures,
  });
  const { slots, closer, helloHandler, log, upgrades } = handshake;
  const { connections, nextConnectionId, clock, presence, writer } = core;
  const admitter = new ConnectionAdmitter({ slots, presence, helloHandler, inbound, log });
  const services = { writer, owner: closer };
  const opener = new ConnectionOpener({ connections, nextConnectionId, clock, services, admitter, log });
  const heartbeat = new Heartbeat({
    clock: core.clock,
    limits: core.limits,
    connections: () => core.connections.all(),
  });
  const serverRequests = new ServerRequests(core);
  return { core, publisher, serverRequests, rooms, inbound, opener, closer, heartbeat, upgrades };
}

interface Handshake {
  readonly slots: ConnectionSlots;
  readonly closer: ConnectionCloser;
  readonly helloHandler: HelloHandler;
  readonly log: ConnectionLog;
  readonly upgrades: UpgradeHandler;
}

/** The parts between an HTTP request and a subscribed connection, and those of its end. */
function assembleHandshake(
  core: ServerContext,
  { authorization, rooms }: { readonly authorization: Authorization; readonly rooms: Rooms },
): Handshake {
  const { config, backplane, channels, clock, connections, limits, logger, nextConnectionId } = core;
  const { presence, registry, report, securityReporter, sessionWatches, types } = core;
  const { maxConnectionsPerUser, onConnectionLimit, verboseLogging, builtIns } = config;
  const { acceptContract, authenticate, onConnect, onDisconnect, trustProxy } = config;
  const slots = new ConnectionSlots({
    backplane,
    connections,
    nextConnectionId,
    report,
    maxConnectionsPerUser,
    onConnectionLimit,
  });
  const log = new ConnectionLog({ logger, report, verboseLogging });
  const hooks = new ConnectionHooks({ onConnect, onDisconnect, registry, clock, limits, log });
  const memberships = new Memberships({ channels, presence, rooms, authorization, builtIns, limits });
  const closer = new ConnectionCloser({ connections, clock, securityReporter, memberships, hooks, log });
  const welcomeSender = new WelcomeSender({
    channels,
    backplane,
    clock,
    requestedChannels: new RequestedChannels({ authorization, limits, securityReporter }),
    welcomeFrame: new WelcomeFrame({ connections, limits, types }),
    memberships,
  });
  const helloHandler = new HelloHandler({ acceptContract, slots, hooks, welcomeSender, clock, limits });
  const clientAddress = new ClientAddress(trustProxy, logger);
  const guard = new UpgradeGuard({
    clock,
    limits,
    limiter: new UpgradeLimiter(clock, limits),
    securityReporter,
    report,
    abandon: (accepted) => {
      slots.abandon(accepted);
    },
  });
  const upgrades = new UpgradeHandler({ authenticate, clientAddress, guard, slots, sessionWatches, limits });
  return { slots, closer, helloHandler, log, upgrades };
}

function builtInHandlers(config: AnyConfig, broadcaster: Broadcaster): MessageHandler[] {
  const { builtIns = {}, echoToSender, chat } = config;
  const handlers: MessageHandler[] = [new PingHandler(broadcaster)];
  if (builtIns.chat !== false) {
    const beforePublish = chat?.beforePublish;
    handlers.push(new ChatMessageHandler(broadcaster, { echoToSender, beforePublish }));
  }
  if (builtIns.typing !== false) handlers.push(new TypingIndicatorHandler(broadcaster));
  return handlers;
}

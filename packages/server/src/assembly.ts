import { ServerRequests } from "./messages/server-requests.ts";
import { Authorization } from "./messages/authorization.ts";
import { ControlFrames } from "./messages/control-frames.ts";
import type { AnyConfig } from "./config.ts";
import type { ServerContext } from "./server-context.ts";
import { createServerContext } from "./create-core.ts";
import { Dispatcher } from "./messages/dispatcher.ts";
import { ErrorReplies } from "./messages/error-replies.ts";
import { HelloHandler } from "./handshake/hello.ts";
import { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import { ChatMessageHandler, PingHandler, TypingIndicatorHandler } from "./handlers.ts";
import type { MessageHandler } from "./messages/handler-registry.ts";
import type { Broadcaster } from "./handlers.ts";
import { Heartbeat } from "./connection/heartbeat.ts";
import { Inbound } from "./messages/inbound.ts";
import { ConnectionLifecycle } from "./handshake/connection-lifecycle.ts";
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
  readonly lifecycle: ConnectionLifecycle;
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
  const greeting = new HelloHandler({ core, authorization, rooms });
  const runner = new ClientRequests(core, new RequestDispatcher(core, authorization));
  const ping = new PingHandler(broadcaster);
  const control = new ControlFrames({
    core,
    helloHandler: greeting,
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
  const lifecycle = new ConnectionLifecycle({ core, helloHandler: greeting, inbound, rooms });
  const heartbeat = new Heartbeat({
    clock: core.clock,
    limits: core.limits,
    connections: () => core.connections.all(),
  });
  const [serverRequests, upgrades] = [new ServerRequests(core), new UpgradeHandler(core)];
  return { core, publisher, serverRequests, rooms, inbound, lifecycle, heartbeat, upgrades };
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

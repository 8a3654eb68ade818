import { Asker } from "./messages/asker.ts";
import { Authorization } from "./messages/authorization.ts";
import type { Shut } from "./connection/connection.ts";
import { Control } from "./messages/control-frames.ts";
import type { AnyConfig, Core } from "./messages/server-context.ts";
import { createCore } from "./create-core.ts";
import { Dispatcher } from "./messages/dispatcher.ts";
import { Failures } from "./messages/error-replies.ts";
import { Greeting } from "./handshake/hello.ts";
import {
  ChatMessageHandler,
  MessageHandlerRegistry,
  PingHandler,
  TypingIndicatorHandler,
} from "./handlers.ts";
import type { Broadcaster, MessageHandler } from "./handlers.ts";
import { Heartbeat } from "./connection/heartbeat.ts";
import { Inbound } from "./messages/inbound.ts";
import { Lifecycle } from "./handshake/connection-lifecycle.ts";
import { Publisher } from "./messages/publisher.ts";
import { RequestRunner } from "./messages/client-requests.ts";
import { Requests } from "./messages/request-dispatcher.ts";
import { Rooms } from "./messages/rooms.ts";
import { Sends } from "./messages/client-sends.ts";
import { UpgradeDesk } from "./server.ts";
import { Throttle } from "./connection/rate-limits.ts";

/** The parts that a manager and the glue of a runtime work with. */
export interface Assembly {
  readonly core: Core;
  readonly publisher: Publisher;
  readonly asker: Asker;
  readonly rooms: Rooms;
  readonly inbound: Inbound;
  readonly lifecycle: Lifecycle;
  readonly heartbeat: Heartbeat;
  readonly desk: UpgradeDesk;
}

/** Puts a node together. Everything that may end a connection does it through one `shut`. */
export function assemble(config: AnyConfig, broadcaster: Broadcaster): Assembly {
  const registry = config.handlers ?? new MessageHandlerRegistry(builtInHandlers(config, broadcaster));
  const shut: Shut = (connection, code, cause) => {
    lifecycle.shut(connection, code, cause);
  };
  const core = createCore(config, { registry, shut });
  const publisher = new Publisher(core);
  const authorization = new Authorization(core);
  const throttle = new Throttle(core);
  const failures = new Failures(core, shut);
  const rooms = new Rooms(core, authorization);
  const greeting = new Greeting({ core, authorization, rooms, shut });
  const runner = new RequestRunner(core, new Requests(core, authorization));
  const ping = new PingHandler(broadcaster);
  const control = new Control({ core, greeting, rooms, runner, ping, throttle });
  const dispatcher = new Dispatcher({ core, authorization, publisher });
  const sends = new Sends({ core, dispatcher, failures, throttle });
  const inbound = new Inbound({ core, control, sends, throttle, failures, shut });
  const lifecycle = new Lifecycle({ core, greeting, inbound, rooms });
  const heartbeat = new Heartbeat({
    clock: core.clock,
    limits: core.limits,
    connections: () => core.table.all(),
    shut,
  });
  const [asker, desk] = [new Asker(core), new UpgradeDesk(core)];
  return { core, publisher, asker, rooms, inbound, lifecycle, heartbeat, desk };
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

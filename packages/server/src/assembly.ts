import { Asker } from "./asker.js";
import { Authorization } from "./authorization.js";
import type { Shut } from "./connection.js";
import { Control } from "./control.js";
import type { AnyConfig, Core } from "./core.js";
import { createCore } from "./create-core.js";
import { Dispatcher } from "./dispatcher.js";
import { Failures } from "./failures.js";
import { Greeting } from "./greeting.js";
import {
  ChatMessageHandler,
  MessageHandlerRegistry,
  PingHandler,
  TypingIndicatorHandler,
} from "./handlers.js";
import type { Broadcaster, MessageHandler } from "./handlers.js";
import { Heartbeat } from "./heartbeat.js";
import { Inbound } from "./inbound.js";
import { Lifecycle } from "./lifecycle.js";
import { Publisher } from "./publisher.js";
import { RequestRunner } from "./request-runner.js";
import { Requests } from "./requests.js";
import { Rooms } from "./rooms.js";
import { Sends } from "./sends.js";
import { UpgradeDesk } from "./server.js";
import { Throttle } from "./throttle.js";

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

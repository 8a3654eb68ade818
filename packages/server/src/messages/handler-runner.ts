// Calls the message handlers of the application and the built-in ones. Called by Dispatcher, and by ControlFrames for
// the `ping` of a plain client. A handler that exceeds `limits.handlerMs` settles as `timeout`, and its signal aborts.
import type { SendResult } from "@halyard/protocol";
import { isThenable } from "@halyard/protocol/internal";
import type { ApplicationGuard } from "../application/application-guard.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock, Published } from "../types.ts";
import { InvalidMessageError } from "../utils/errors.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { bindContext, HandlerInvocation } from "./handler-context.ts";
import type { MessageHandler, MessageHandlerRegistry } from "./handler-registry.ts";

interface HandlerRunnerParts {
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  readonly guard: ApplicationGuard;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  /** Answers `ping` where the registry has no handler for it. */
  readonly ping: MessageHandler;
  readonly registry: MessageHandlerRegistry;
}

/** A message that has passed all checks, with its handler. */
interface HandlerCall {
  readonly handler: MessageHandler;
  readonly message: object;
  readonly messageId: () => string;
  readonly room: string | undefined;
}

/** Runs the handler of a message. */
export class HandlerRunner {
  readonly #parts: HandlerRunnerParts;

  constructor(parts: HandlerRunnerParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError `invalid_message`, `timeout`, or what the handler throws */
  async run(connection: Connection, { handler, message, messageId, room }: HandlerCall): Promise<SendResult> {
    const { clock, connections, limits } = this.#parts;
    // As in a condition: a handler may return the field that it looked for.
    const isValid: unknown = handler.validate(message);
    if (!isValid || isThenable(isValid)) throw this.#invalid(connection, handler, isValid);
    const { user, session } = connection.identity;
    const invocation = new HandlerInvocation({ ws: connection.ws, user, session, room, messageId });
    bindContext(message, invocation);
    connection.sendQueue.running = invocation;
    const handled = handler.handle(
      connection.ws,
      message,
      connections.connectedUsers,
      connections.wsInstances,
    );
    const onTimeout = (): void => {
      invocation.abort();
    };
    const result = await withDeadline(handled, { clock, ms: limits.handlerMs, onTimeout });
    return isPublished(result) ? toSendResult(result) : { id: invocation.messageId };
  }

  /** Waits for code of the application outside of handlers, as in a schema, as long as for a handler. */
  settle<TValue>(pending: Promise<TValue>): Promise<TValue> {
    const { clock, limits } = this.#parts;
    return withDeadline(pending, { clock, ms: limits.handlerMs });
  }

  /** Answers a `ping` without an id. */
  runPing({ ws }: Connection): void {
    const { connections, guard, ping, registry } = this.#parts;
    const handler = registry.find("ping") ?? ping;
    guard.notify(
      () => handler.handle(ws, { type: "ping" }, connections.connectedUsers, connections.wsInstances),
      { type: "ping", ws },
    );
  }

  #invalid({ ws }: Connection, { messageType }: MessageHandler, answer: unknown): InvalidMessageError {
    if (isThenable(answer)) this.#parts.guard.reportAnswer(`validate of ${messageType}`, answer, ws);
    return new InvalidMessageError([]);
  }
}

function isPublished(value: unknown): value is Published {
  return (
    typeof value === "object" && value !== null && "channel" in value && "offset" in value && "id" in value
  );
}

/** What the sender of a published message gets as its reply. */
export function toSendResult({ id, channel, offset }: Published): SendResult {
  return offset === undefined ? { id } : { id, ch: channel, off: offset };
}

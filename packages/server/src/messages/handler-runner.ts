// Runs the message handlers of the application and the built-in ones. Called by Dispatcher, and by ControlFrames for
// the `ping` of a plain client. A handler that exceeds `limits.handlerMs` fails with `timeout`, and its signal aborts.
import type { Schema, SendResult } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { isPromise, isThenable } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { ApplicationGuard } from "../application/application-guard.ts";
import { runThrough } from "../application/middleware.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock, Published } from "../types.ts";
import { InvalidMessageError, OutcomeUnknownError, withEffect } from "../utils/errors.ts";
import { andThen, andThenOr } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { bindContext, HandlerInvocation, MiddlewareInvocation } from "./handler-context.ts";
import type { MessageHandler, MessageHandlerRegistry } from "./handler-registry.ts";
import { checkedResult } from "../application/handler-result.ts";

interface HandlerRunnerParts {
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  readonly guard: ApplicationGuard;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  /** Answers `ping` if the registry has no handler for it. */
  readonly ping: MessageHandler;
  readonly registry: MessageHandlerRegistry;
}

/** A message that has passed all checks, and the function that handles it. */
export interface MessageCall {
  readonly type: string;
  /** The message as its handler receives it. */
  readonly input: object;
  readonly messageId: () => string;
  readonly room: string | undefined;
  /** The schema of the handler's result, if the contract sends the result to the sender. */
  readonly result: Schema | undefined;
  /** Repeats the checks whose results may have changed while middleware ran. */
  readonly recheck: () => Promise<void>;
  /** Calls the handler, or relays the message. */
  readonly handle: () => unknown;
}

/** Runs the handler of a message. */
export class HandlerRunner {
  readonly #parts: HandlerRunnerParts;

  constructor(parts: HandlerRunnerParts) {
    this.#parts = parts;
  }

  find(type: string): MessageHandler | undefined {
    return this.#parts.registry.find(type);
  }

  get hasMiddleware(): boolean {
    return this.#parts.registry.middleware.length > 0;
  }

  /** @throws HalyardError `timeout`, or what middleware or the handler throws */
  run(connection: Connection, call: MessageCall): MaybePromise<SendResult> {
    const { clock, limits } = this.#parts;
    const invocation = this.hasMiddleware
      ? new MiddlewareInvocation(connection, { ...call, kind: "message" })
      : new HandlerInvocation(connection, call);
    bindContext(call.input, invocation);
    connection.sendQueue.running = invocation;
    let isStarted = !this.hasMiddleware;
    const start = (): unknown => {
      isStarted = true;
      return call.handle();
    };
    const handled = isStarted ? start() : this.#runThrough(invocation, { ...call, handle: start });
    // Once the handler has run, an error must not say that the message had no effect.
    let hasRun = false;
    const onTimeout = (): void => {
      hasRun = isStarted;
      invocation.abort();
    };
    const complete = (returned: unknown): MaybePromise<SendResult> => {
      if (call.result === undefined)
        return isPublished(returned) ? toSendResult(returned) : { id: invocation.messageId };
      hasRun = true;
      const pending = validate(call.result, returned);
      return andThen(isPromise(pending) ? this.settle(pending) : pending, (validation) => ({
        id: invocation.messageId,
        result: checkedResult(call.type, validation),
      }));
    };
    const fail = (error: unknown): never => {
      throw hasRun ? withEffect(error as object) : error;
    };
    const waiting = isThenable(handled)
      ? withDeadline(handled, { clock, ms: limits.handlerMs, onTimeout })
      : handled;
    return andThenOr(waiting, complete, fail);
  }

  async #runThrough(invocation: HandlerInvocation, { recheck, handle }: MessageCall): Promise<unknown> {
    let unknown: OutcomeUnknownError | undefined;
    const handleChecked = async (): Promise<unknown> => {
      await recheck();
      if (invocation.isAborted) throw new HalyardError("unavailable");
      try {
        return await handle();
      } catch (error) {
        if (error instanceof OutcomeUnknownError) unknown = error;
        throw error;
      }
    };
    try {
      return await runThrough(this.#parts.registry.middleware, invocation, handleChecked);
    } catch (error) {
      // If it is unknown whether the message was stored, no other error may say that it was not.
      throw unknown ?? error;
    }
  }

  /** @throws HalyardError `invalid_message` when the handler itself refuses the message */
  assertValid({ ws }: Connection, handler: MessageHandler, message: object): void {
    // Any truthy value counts, because a handler may return the field that it looked for.
    const isValid: unknown = handler.validate(message);
    if (isThenable(isValid))
      this.#parts.guard.reportAnswer(`validate of ${handler.messageType}`, isValid, ws);
    else if (isValid) return;
    throw new InvalidMessageError([]);
  }

  call({ ws }: Connection, handler: MessageHandler, message: object): unknown {
    const { connectedUsers, wsInstances } = this.#parts.connections;
    return handler.handle(ws, message, connectedUsers, wsInstances);
  }

  /** Waits for code of the application outside handlers, such as a schema, with the same deadline as for a handler. */
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

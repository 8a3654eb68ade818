// Brings a request to its result: role, input schema, room, middleware, handler, output schema, in this order. Called by ClientRequests.
// A request whose schemas and handler are synchronous creates no promise.
import type { RequestDefinition, RoomRule, Schema, Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { isPromise, isThenable } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import { roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import { validateInput } from "../security/validate-input.ts";
import type { Clock } from "../types.ts";
import { ForbiddenError, InvalidMessageError, validationError } from "../utils/errors.ts";
import { newMessageId } from "../utils/ids.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { runThrough } from "../application/middleware.ts";
import { HandlerInvocation, MiddlewareInvocation } from "./handler-context.ts";
import type { AnyRequestHandler, MessageHandlerRegistry } from "./handler-registry.ts";
import { checkedReply } from "../application/handler-result.ts";
import type { MissingHandlerHints } from "./message-log.ts";
import { hasRequiredRole } from "./message-types.ts";
import type { MessageTypeRegistry } from "./message-types.ts";
import type { UserListRequests } from "./user-list-requests.ts";

interface IncomingRequest {
  readonly connection: Connection;
  readonly frame: { readonly name: string; readonly input?: unknown };
  /** Has the channel that the client addressed, if any. */
  readonly meta: { readonly ch?: string | undefined };
}

interface RequestDispatcherParts {
  readonly clock: Clock;
  readonly hints: MissingHandlerHints;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  readonly registry: MessageHandlerRegistry;
  readonly types: MessageTypeRegistry;
  readonly userListRequests: UserListRequests;
}

interface ResolvedRequest {
  readonly request: IncomingRequest;
  readonly definition: RequestDefinition;
  readonly handler: AnyRequestHandler;
}

/** Checks the requests of clients, hands them to their handlers, and checks the results. */
export class RequestDispatcher {
  readonly #parts: RequestDispatcherParts;

  constructor(parts: RequestDispatcherParts) {
    this.#parts = parts;
  }

  /**
   * Returns the result, or a promise of it if a schema or the handler is asynchronous.
   *
   * @throws HalyardError the error for the client
   */
  answer(request: IncomingRequest): unknown {
    const { name } = request.frame;
    assertNotRevoked(request.connection);
    if (name === "users") return this.#parts.userListRequests.answer(request);
    const definition = this.#parts.types.request(name);
    const handler = this.#parts.registry.findRequest(name);
    if (definition === undefined)
      throw new HalyardError("not_found", "The server's contract has no such request.");
    if (handler === undefined) {
      this.#parts.hints.warn(`handlers.onRequest("${name}", (input, context) => …)`, name);
      throw new HalyardError("not_found", "The server has no handler for this request.");
    }
    if (!hasRequiredRole(definition.policy, request.connection.identity.user))
      throw new ForbiddenError("role");
    const resolved = { request, definition, handler };
    const input = validateInput(definition.input, request.frame.input);
    return isPromise(input)
      ? this.#settle(input).then((validation) => this.#handle(resolved, validation))
      : this.#handle(resolved, input);
  }

  /** Whether a repeated request may run again, instead of getting the stored reply. */
  isRepeatable(name: string): boolean {
    return name === "users" || this.#parts.types.request(name)?.policy.repeatable === true;
  }

  #handle({ request, definition, handler }: ResolvedRequest, input: Validation): unknown {
    if (!input.ok) throw validationError(input);
    const { connection, frame } = request;
    const room = admit(request, definition);
    const { middleware } = this.#parts.registry;
    const call = {
      room,
      messageId: newMessageId,
      kind: "request",
      type: frame.name,
      input: input.value,
    } as const;
    const hasMiddleware = middleware.length > 0;
    const invocation = new (hasMiddleware ? MiddlewareInvocation : HandlerInvocation)(connection, call);
    const result = hasMiddleware
      ? runThrough(middleware, invocation, () => {
          admit(request, definition);
          if (invocation.isAborted) throw new HalyardError("unavailable");
          return handler(input.value, invocation);
        })
      : handler(input.value, invocation);
    if (!isThenable(result)) return this.#validateOutput(request, definition.output, result);
    return this.#awaitHandler(connection, invocation, result).then((value) =>
      this.#validateOutput(request, definition.output, value),
    );
  }

  /** @throws HalyardError `timeout`; `unauthenticated` when the connection was closed for good meanwhile; or what the handler throws */
  async #awaitHandler(
    connection: Connection,
    invocation: HandlerInvocation,
    result: PromiseLike<unknown>,
  ): Promise<unknown> {
    const { clock, limits } = this.#parts;
    const running = (connection.runningRequests ??= new Set());
    running.add(invocation);
    // The handler may have closed its own connection before its first await.
    if (connection.isRevoked) invocation.abort();
    const onTimeout = (): void => {
      invocation.abort();
    };
    try {
      const value = await withDeadline(result, { clock, ms: limits.handlerMs, onTimeout });
      assertNotRevoked(connection);
      return value;
    } finally {
      running.delete(invocation);
    }
  }

  #validateOutput({ frame, connection }: IncomingRequest, output: Schema, result: unknown): unknown {
    const validation = validate(output, result);
    if (!isPromise(validation)) return checkedReply(frame.name, validation);
    return this.#settle(validation).then((settled) => {
      assertNotRevoked(connection);
      return checkedReply(frame.name, settled);
    });
  }

  #settle(validation: Promise<Validation>): Promise<Validation> {
    const { clock, limits } = this.#parts;
    return withDeadline(validation, { clock, ms: limits.handlerMs });
  }
}

/**
 * Checks role and room. Repeated after asynchronous schemas and middleware, because the user may have lost a right
 * meanwhile. @returns the room
 */
function admit(request: IncomingRequest, definition: RequestDefinition): string | undefined {
  assertNotRevoked(request.connection);
  const room = roomOf(request, definition.room);
  if (!hasRequiredRole(definition.policy, request.connection.identity.user)) throw new ForbiddenError("role");
  return room;
}

/** @throws HalyardError `invalid_message` for a missing room, `forbidden` for a room that the connection is not in */
function roomOf({ meta: { ch }, connection }: IncomingRequest, rule: RoomRule): string | undefined {
  const room = ch === undefined ? undefined : roomNameOf(ch);
  if (room === undefined && rule === "required") throw new InvalidMessageError([NEEDS_ROOM]);
  if (room !== undefined && connection.rooms?.has(room) !== true) throw new ForbiddenError("membership");
  return room;
}

const NEEDS_ROOM = { path: "$.ch", message: "this request is asked in a room" };

/** @throws HalyardError `unauthenticated` for a connection that was closed for good, whose running work must have no effect */
function assertNotRevoked(connection: Connection): void {
  if (connection.isRevoked) throw new HalyardError("unauthenticated");
}

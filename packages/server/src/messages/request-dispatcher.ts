// From a request to its result: role, input schema, handler, output schema, in this order. Called by ClientRequests.
// A request whose schemas and handler are synchronous makes no promise.
import type { RequestDefinition, Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { isThenable } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import { roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock, ErrorContext } from "../types.ts";
import { describeIssues, ForbiddenError, InvalidMessageError } from "../utils/errors.ts";
import { newMessageId } from "../utils/ids.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { HandlerInvocation } from "./handler-context.ts";
import type { AnyRequestHandler, MessageHandlerRegistry } from "./handler-registry.ts";
import { hasRequiredRole } from "./message-types.ts";
import type { MessageTypeRegistry } from "./message-types.ts";
import type { UserListRequests } from "./user-list-requests.ts";

interface IncomingRequest {
  readonly connection: Connection;
  readonly frame: { readonly name: string; readonly input?: unknown };
  /** With the channel that the client addressed, if any. */
  readonly meta: { readonly ch?: string | undefined };
}

interface RequestDispatcherParts {
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  readonly registry: MessageHandlerRegistry;
  readonly report: (error: unknown, context: ErrorContext) => void;
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
   * The result, or a promise of it where a schema or the handler is asynchronous.
   *
   * @throws HalyardError the error for the client
   */
  answer(request: IncomingRequest): unknown {
    const { name } = request.frame;
    assertNotRevoked(request.connection);
    if (name === "users") return this.#parts.userListRequests.answer(request);
    const definition = this.#parts.types.request(name);
    const handler = this.#parts.registry.findRequest(name);
    if (definition === undefined || handler === undefined)
      throw new HalyardError("not_found", "There is no such request.");
    if (!hasRequiredRole(definition.policy, request.connection.identity.user))
      throw new ForbiddenError("role");
    const resolved = { request, definition, handler };
    const input = validate(definition.input, request.frame.input);
    return input instanceof Promise
      ? input.then((validation) => this.#handle(resolved, validation))
      : this.#handle(resolved, input);
  }

  /** Whether a repeated request may run again, instead of getting the stored reply. */
  isRepeatable(name: string): boolean {
    return name === "users" || this.#parts.types.request(name)?.policy.repeatable === true;
  }

  #handle({ request, definition, handler }: ResolvedRequest, input: Validation): unknown {
    if (!input.ok) throw new InvalidMessageError(input.issues);
    const { connection } = request;
    assertNotRevoked(connection);
    const room = this.#roomOf(request);
    // An asynchronous schema takes time, in which the user may have lost the role.
    if (!hasRequiredRole(definition.policy, connection.identity.user)) throw new ForbiddenError("role");
    const { user, session } = connection.identity;
    const { ws } = connection;
    const invocation = new HandlerInvocation({ ws, user, session, room, messageId: newMessageId });
    const result = handler(input.value, invocation);
    if (!isThenable(result)) return this.#validateOutput(request, definition, result);
    return this.#awaitHandler(connection, invocation, result).then((value) =>
      this.#validateOutput(request, definition, value),
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
    // The handler may have closed its own connection before it first waited.
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

  #validateOutput(request: IncomingRequest, { output }: RequestDefinition, result: unknown): unknown {
    const validation = validate(output, result);
    return validation instanceof Promise
      ? validation.then((settled) => this.#unwrap(request, settled))
      : this.#unwrap(request, validation);
  }

  /** A result that does not fit its own schema is an error of the server: it is reported and not sent. */
  #unwrap({ frame: { name }, connection }: IncomingRequest, output: Validation): unknown {
    if (output.ok) return output.value;
    const error = new TypeError(
      `the reply to ${name} does not fit its schema: ${describeIssues(output.issues)}`,
    );
    this.#parts.report(error, { type: name, ws: connection.ws });
    throw new HalyardError("internal", undefined, { cause: error });
  }

  /** @throws HalyardError `forbidden` for a room that the connection is not in */
  #roomOf({ meta: { ch }, connection }: IncomingRequest): string | undefined {
    const room = ch === undefined ? undefined : roomNameOf(ch);
    if (room !== undefined && connection.rooms?.has(room) !== true) throw new ForbiddenError("publish");
    return room;
  }
}

/** @throws HalyardError `unauthenticated` for a connection that was closed for good: work under way must have no effect */
function assertNotRevoked(connection: Connection): void {
  if (connection.isRevoked) throw new HalyardError("unauthenticated");
}

import type { RequestDefinition, Validation } from "@halyard/protocol";
import { roomName, validate } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { z } from "zod";
import type { Authorization } from "./authorization.ts";
import { GLOBAL_CHANNEL, roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../server-context.ts";
import { isThenable, withDeadline } from "../utils/with-deadline.ts";
import { describeIssues, InvalidMessageError, ForbiddenError } from "../utils/errors.ts";
import { HandlerInvocation } from "./handler-context.ts";
import type { AnyRequestHandler } from "./handler-registry.ts";
import { hasRequiredRole } from "./message-types.ts";
import { newMessageId } from "../utils/new-message-id.ts";

export interface IncomingRequest {
  readonly connection: Connection;
  readonly frame: { readonly name: string; readonly input?: unknown };
  /** With the channel that it was sent to, if any. */
  readonly meta: { readonly ch?: string | undefined };
}

interface ResolvedRequest {
  readonly request: IncomingRequest;
  readonly definition: RequestDefinition;
  readonly handler: AnyRequestHandler;
}

const userPage = z.object({ room: roomName.optional(), cursor: z.string().max(64).optional() }).optional();

/** Answers requests: what a client asks, with a result. */
export class RequestDispatcher {
  readonly #core: ServerContext;
  readonly #authorization: Authorization;

  constructor(core: ServerContext, authorization: Authorization) {
    this.#core = core;
    this.#authorization = authorization;
  }

  /**
   * The result, or a promise of it where a schema or the handler is asynchronous.
   *
   * @throws HalyardError what the asker is told
   */
  answer(request: IncomingRequest): unknown {
    const { name } = request.frame;
    if (name === "users") return this.#users(request);
    const definition = this.#core.types.request(name);
    const handler = this.#core.registry.findRequest(name);
    if (definition === undefined || handler === undefined)
      throw new HalyardError("not_found", "There is no such request.");
    if (!hasRequiredRole(definition.policy, request.connection.identity.user))
      throw new ForbiddenError("role");
    const answering = { request, definition, handler };
    const input = validate(definition.input, request.frame.input);
    return input instanceof Promise
      ? input.then((checked) => this.#handle(answering, checked))
      : this.#handle(answering, input);
  }

  isRepeatable(name: string): boolean {
    return name === "users" || this.#core.types.request(name)?.policy.repeatable === true;
  }

  #handle({ request, definition, handler }: ResolvedRequest, input: Validation): unknown {
    if (!input.ok) throw new InvalidMessageError(input.issues);
    const { connection } = request;
    const room = this.#roomOf(request);
    if (connection.isRevoked) throw new HalyardError("unauthenticated");
    const { user, session } = connection.identity;
    const scope = new HandlerInvocation({ ws: connection.ws, user, session, room, messageId: newMessageId });
    const result = handler(input.value, scope);
    if (!isThenable(result)) return this.#validateOutput(request, definition, result);
    const { clock, limits } = this.#core;
    const onTimeout = (): void => {
      scope.abort();
    };
    return withDeadline(result, { clock, ms: limits.handlerMs, onTimeout }).then((value) =>
      this.#validateOutput(request, definition, value),
    );
  }

  #validateOutput(request: IncomingRequest, { output }: RequestDefinition, result: unknown): unknown {
    const reply = validate(output, result);
    return reply instanceof Promise
      ? reply.then((checked) => this.#unwrap(request, checked))
      : this.#unwrap(request, reply);
  }

  /** A reply that breaks its own contract is the server's failure, and must not leave it. */
  #unwrap({ frame: { name }, connection }: IncomingRequest, reply: Validation): unknown {
    if (reply.ok) return reply.value;
    const error = new TypeError(
      `the reply to ${name} does not fit its schema: ${describeIssues(reply.issues)}`,
    );
    this.#core.report(error, { type: name, ws: connection.ws });
    throw new HalyardError("internal", undefined, { cause: error });
  }

  async #users({ connection, frame: { input } }: IncomingRequest): Promise<unknown> {
    const page = userPage.safeParse(input);
    if (!page.success)
      throw new InvalidMessageError([{ path: "input", message: "expected { room?, cursor? }" }]);
    const { room, cursor } = page.data ?? {};
    const { presence } = this.#core.config.builtIns ?? {};
    const isPresenceDisabled = presence === false || (presence === "rooms" && room === undefined);
    const isMember = room === undefined || connection.rooms?.has(room) === true;
    if (isPresenceDisabled || !isMember) throw new ForbiddenError("presence");
    await this.#authorization.assertAllowed(connection, "presence", room ?? GLOBAL_CHANNEL);
    return this.#core.presence.list({ room, cursor });
  }

  #roomOf({ meta: { ch }, connection }: IncomingRequest): string | undefined {
    const room = ch === undefined ? undefined : roomNameOf(ch);
    if (room !== undefined && connection.rooms?.has(room) !== true) throw new ForbiddenError("publish");
    return room;
  }
}

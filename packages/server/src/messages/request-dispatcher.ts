import type { RequestDefinition, Validation } from "@halyard/protocol";
import { roomName, validate } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { z } from "zod";
import type { Authorization } from "./authorization.ts";
import { ALL, roomOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { Core } from "./server-context.ts";
import { isThenable, withDeadline } from "../utils/with-deadline.ts";
import { describeIssues, InvalidMessage, NotAllowed } from "../utils/errors.ts";
import { HandlerScope } from "./handler-context.ts";
import type { AnyRequestHandler } from "../handlers.ts";
import { mayUse } from "./message-types.ts";
import { newMessageId } from "../utils/new-message-id.ts";

export interface IncomingRequest {
  readonly connection: Connection;
  readonly frame: { readonly name: string; readonly input?: unknown };
  /** With the channel that it was sent to, if any. */
  readonly meta: { readonly ch?: string | undefined };
}

interface Answering {
  readonly request: IncomingRequest;
  readonly definition: RequestDefinition;
  readonly handler: AnyRequestHandler;
}

const userPage = z.object({ room: roomName.optional(), cursor: z.string().max(64).optional() }).optional();

/** Answers requests: what a client asks, with a result. */
export class Requests {
  readonly #core: Core;
  readonly #authorization: Authorization;

  constructor(core: Core, authorization: Authorization) {
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
    if (!mayUse(definition.policy, request.connection.identity.user)) throw new NotAllowed("role");
    const answering = { request, definition, handler };
    const input = validate(definition.input, request.frame.input);
    return input instanceof Promise
      ? input.then((checked) => this.#handle(answering, checked))
      : this.#handle(answering, input);
  }

  isRepeatable(name: string): boolean {
    return name === "users" || this.#core.types.request(name)?.policy.repeatable === true;
  }

  #handle({ request, definition, handler }: Answering, input: Validation): unknown {
    if (!input.ok) throw new InvalidMessage(input.issues);
    const { connection } = request;
    const room = this.#roomOf(request);
    if (connection.isRevoked) throw new HalyardError("unauthenticated");
    const { user, session } = connection.identity;
    const scope = new HandlerScope({ ws: connection.ws, user, session, room, messageId: newMessageId });
    const result = handler(input.value, scope);
    if (!isThenable(result)) return this.#check(request, definition, result);
    const { clock, limits } = this.#core;
    const onTimeout = (): void => {
      scope.abort();
    };
    return withDeadline(result, { clock, ms: limits.handlerMs, onTimeout }).then((value) =>
      this.#check(request, definition, value),
    );
  }

  #check(request: IncomingRequest, { output }: RequestDefinition, result: unknown): unknown {
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
    if (!page.success) throw new InvalidMessage([{ path: "input", message: "expected { room?, cursor? }" }]);
    const { room, cursor } = page.data ?? {};
    const { presence } = this.#core.config.builtIns ?? {};
    const isOff = presence === false || (presence === "rooms" && room === undefined);
    const isInside = room === undefined || connection.rooms?.has(room) === true;
    if (isOff || !isInside) throw new NotAllowed("presence");
    await this.#authorization.demand(connection, "presence", room ?? ALL);
    return this.#core.presence.list({ room, cursor });
  }

  #roomOf({ meta: { ch }, connection }: IncomingRequest): string | undefined {
    const room = ch === undefined ? undefined : roomOf(ch);
    if (room !== undefined && connection.rooms?.has(room) !== true) throw new NotAllowed("publish");
    return room;
  }
}

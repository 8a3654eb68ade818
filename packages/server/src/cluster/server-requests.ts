// The requests of the server to its clients: `manager.request` and `manager.requestRoom`. Called by the manager.
// Both schemas run here, because clients have no schemas: an answer is validated before the application gets it.
// Guarantee: a request settles within its time-out, whatever happens to the connection or its node.
import type { RequestDefinition, Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { traceCaller } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { ConnectionTable } from "../connection/connection-table.ts";
import { TIMEOUT_MS } from "../connection/pending-server-requests.ts";
import type { RequestOptions, ServerRequest } from "../connection/pending-server-requests.ts";
import type { MessageTypeRegistry } from "../messages/message-types.ts";
import { validateInput } from "../security/validate-input.ts";
import type { Clock, WebSocketInstance } from "../types.ts";
import { MAX_TIMER_MS } from "../utils/clock.ts";
import { DeadlineError, describeIssues, toHalyardError, validationError } from "../utils/errors.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { ANSWER_MS, MAX_ASKED } from "./census.ts";
import type { Census, ClusterCensus, Group } from "./census.ts";
import type { RequestTarget, RoomReply } from "./cluster-types.ts";
import type { ConnectionRequests, PreparedRequest, Reply } from "./connection-requests.ts";

/** The arguments of `manager.request` after the name. An input that may be undefined may be omitted. */
export type RequestArguments<TInput> = undefined extends TInput
  ? [input?: TInput, options?: RequestOptions]
  : [input: TInput, options?: RequestOptions];

interface ServerRequestsParts {
  readonly census: Census;
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  /** Whether the backplane knows which users are in a room. */
  readonly hasPresence: boolean;
  readonly requests: ConnectionRequests;
  readonly types: MessageTypeRegistry;
}

/** A validated request, and the function that ends it. */
interface CheckedRequest extends PreparedRequest {
  readonly definition: RequestDefinition;
  /** Called when the caller no longer waits. */
  readonly end: () => void;
}

/** Sends requests to clients, and returns their validated answers. */
export class ServerRequests {
  readonly #parts: ServerRequestsParts;

  constructor(parts: ServerRequestsParts) {
    this.#parts = parts;
  }

  /**
   * @throws TypeError for an invalid target, request or input; HalyardError for a request without a valid answer; the
   * signal's reason
   */
  async request(target: RequestTarget, request: ServerRequest): Promise<unknown> {
    const checked = await this.#check(request);
    try {
      const { clock } = this.#parts;
      const startedAt = clock.now();
      const ids = await untilAborted(this.#idsOf(target, checked), request.signal);
      const timeoutMs = checked.timeoutMs - (clock.now() - startedAt);
      return await untilAborted(this.#firstAnswer(ids, { ...checked, timeoutMs }), request.signal);
    } catch (error) {
      throw traceCaller(error);
    } finally {
      checked.end();
    }
  }

  /** @throws TypeError for an invalid request or input; HalyardError `limit_exceeded`, `unavailable`; the signal's reason */
  async requestRoom(room: string, request: ServerRequest): Promise<readonly RoomReply<unknown>[]> {
    const checked = await this.#check(request);
    try {
      const { clock } = this.#parts;
      const startedAt = clock.now();
      const found = await untilAborted(this.#find({ room }, checked), request.signal);
      if (found.total > MAX_ASKED)
        throw new HalyardError(
          "limit_exceeded",
          `A room of ${String(found.total)} connections is not asked; the most are ${String(MAX_ASKED)}.`,
        );
      const timeoutMs = checked.timeoutMs - (clock.now() - startedAt);
      const replies = this.#allReplies(found, { ...checked, timeoutMs });
      return await untilAborted(
        Promise.all([replies, this.#unknownUsers(room, found)]).then((all) => all.flat()),
        request.signal,
      );
    } finally {
      checked.end();
    }
  }

  async #check(request: ServerRequest): Promise<CheckedRequest> {
    const definition = this.#parts.types.serverRequest(request.name);
    if (definition === undefined)
      throw new TypeError(`no request that a server may make: ${request.name.slice(0, 80)}`);
    const input: Validation = await validate(definition.input, request.input);
    if (!input.ok)
      throw new TypeError(`the input of ${request.name} is not valid: ${describeIssues(input.issues)}`, {
        cause: input.failure?.error,
      });
    const { name } = request;
    const timeoutMs = Math.min(request.timeoutMs ?? TIMEOUT_MS, MAX_TIMER_MS);
    const controller = new AbortController();
    const end = (): void => {
      controller.abort();
    };
    return { definition, name, input: input.value, timeoutMs, signal: controller.signal, end };
  }

  /** The connections of a target. */
  #idsOf(target: RequestTarget, request: PreparedRequest): Promise<readonly string[]> | readonly string[] {
    if (isSocket(target)) {
      const connection = this.#parts.connections.of(target);
      return connection === undefined ? [] : [connection.id];
    }
    if ("connectionId" in target) return [target.connectionId];
    const found = this.#find({ user: target.userId }, request);
    return found.then(({ connections }) => connections.map(({ connectionId }) => connectionId));
  }

  /** The connections of a group. A node that does not answer takes at most half of the request's time; the rest is for the clients. */
  async #find(group: Group, { timeoutMs }: PreparedRequest): Promise<ClusterCensus> {
    const { census, clock } = this.#parts;
    const found = census.everywhere(group, Math.min(ANSWER_MS, timeoutMs / 2));
    try {
      return await withDeadline(found, { clock, ms: timeoutMs });
    } catch (error) {
      throw error instanceof DeadlineError ? new HalyardError("timeout") : error;
    }
  }

  /** The first successful answer. Without any, it rejects with the error of a client, if there is one. */
  async #firstAnswer(ids: readonly string[], request: CheckedRequest): Promise<unknown> {
    if (ids.length === 0) throw new HalyardError("unavailable");
    const replies = this.#parts.requests.ask(ids, request);
    try {
      return await Promise.any([...replies.values()].map((reply) => this.#parse(reply, request)));
    } catch (error) {
      const { errors } = error as AggregateError;
      throw errors.find(isAnswer) ?? errors[0];
    }
  }

  #allReplies(
    { connections }: ClusterCensus,
    request: CheckedRequest,
  ): Promise<readonly RoomReply<unknown>[]> {
    const ids = connections.map(({ connectionId }) => connectionId);
    const replies = this.#parts.requests.ask(ids, request);
    return Promise.all(
      connections.map(async (named): Promise<RoomReply<unknown>> => {
        try {
          const reply = replies.get(named.connectionId) ?? { error: new HalyardError("unavailable") };
          return { status: "fulfilled", ...named, value: await this.#parse(reply, request) };
        } catch (error) {
          return rejected(named, error);
        }
      }),
    );
  }

  /**
   * Replies for the users of a room whose connections no node has reported. Without presence the nodes do not know the users of a room,
   * so the result has one reply for each node that did not answer.
   */
  async #unknownUsers(
    room: string,
    { connections, missing }: ClusterCensus,
  ): Promise<readonly RoomReply<unknown>[]> {
    if (missing.length === 0) return [];
    const { census, hasPresence } = this.#parts;
    if (!hasPresence) return missing.map((nodeId) => silent("", `The node ${nodeId} does not answer.`));
    const known = new Set(connections.map(({ userId }) => userId));
    const users = [...(await census.usersOf(room))].filter((userId) => !known.has(userId));
    return users.map((userId) => silent(userId, "The connection's node does not answer."));
  }

  async #parse(pending: Reply | Promise<Reply>, { definition }: CheckedRequest): Promise<unknown> {
    const reply = await pending;
    if ("error" in reply) throw reply.error;
    const output = await validateInput(definition.output, reply.value);
    if (!output.ok) throw toHalyardError(validationError(output));
    return output.value;
  }
}

function silent(userId: string, message: string): RoomReply<unknown> {
  return rejected({ userId, connectionId: "" }, new HalyardError("unavailable", message));
}

function rejected(
  named: { readonly userId: string; readonly connectionId: string },
  error: unknown,
): RoomReply<unknown> {
  return { status: "rejected", ...named, reason: toHalyardError(error) };
}

/** Whether this error is the answer of a client. */
function isAnswer(error: unknown): boolean {
  return !(error instanceof HalyardError) || !["unavailable", "not_found", "timeout"].includes(error.code);
}

function isSocket(target: RequestTarget): target is WebSocketInstance {
  return "send" in target;
}

/** @throws the reason of the signal, once it aborts */
async function untilAborted<TResult>(
  result: Promise<TResult> | TResult,
  signal: AbortSignal | undefined,
): Promise<TResult> {
  if (signal === undefined) return result;
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([aborted, result]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

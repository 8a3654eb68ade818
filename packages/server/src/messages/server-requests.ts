import type { Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { ServerContext } from "../server-context.ts";
import { describeIssues, InvalidMessageError } from "../utils/errors.ts";
import { PendingServerRequests } from "../connection/pending-server-requests.ts";
import type { ServerRequest, RequestOptions } from "../connection/pending-server-requests.ts";
import type { WebSocketInstance } from "../types.ts";

/** What `manager.request` takes after the name. An input that may be undefined may be left out. */
export type RequestArguments<TInput> = undefined extends TInput
  ? [input?: TInput, options?: RequestOptions]
  : [input: TInput, options?: RequestOptions];

/** Asks clients. Both schemas are run here, because a client has none: what it says is not to be believed. */
export class ServerRequests {
  readonly #core: ServerContext;

  constructor(core: ServerContext) {
    this.#core = core;
  }

  /** @throws TypeError for what the contract does not have, HalyardError for what became of the question */
  async request(ws: WebSocketInstance, request: ServerRequest): Promise<unknown> {
    const { types, connections, clock, limits } = this.#core;
    const definition = types.serverRequest(request.name);
    if (definition === undefined)
      throw new TypeError(`no request that a server may make: ${request.name.slice(0, 80)}`);
    const input: Validation = await validate(definition.input, request.input);
    if (!input.ok)
      throw new TypeError(`the input of ${request.name} is not valid: ${describeIssues(input.issues)}`);

    const connection = connections.of(ws);
    if (connection === undefined) throw new HalyardError("unavailable");
    connection.serverRequests ??= new PendingServerRequests(connection, clock, limits.unansweredRequests);
    const answer = await connection.serverRequests.send({ ...request, input: input.value });
    const output = await validate(definition.output, answer);
    if (!output.ok) throw new InvalidMessageError(output.issues);
    return output.value;
  }
}

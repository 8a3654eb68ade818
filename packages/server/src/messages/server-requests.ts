// The requests of the server to its clients: `manager.request`. Called by the manager.
// Both schemas run here, because a client has none: what a client sends is validated before the application gets it.
import type { Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { ConnectionTable } from "../connection/connection-table.ts";
import { PendingServerRequests } from "../connection/pending-server-requests.ts";
import type { RequestOptions, ServerRequest } from "../connection/pending-server-requests.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock, WebSocketInstance } from "../types.ts";
import { describeIssues, toHalyardError, validationError } from "../utils/errors.ts";
import type { MessageTypeRegistry } from "./message-types.ts";

/** What `manager.request` takes after the name. An input that may be undefined may be omitted. */
export type RequestArguments<TInput> = undefined extends TInput
  ? [input?: TInput, options?: RequestOptions]
  : [input: TInput, options?: RequestOptions];

interface ServerRequestsParts {
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  readonly limits: Pick<ServerLimits, "unansweredRequests">;
  readonly types: MessageTypeRegistry;
}

/** Sends requests to clients, and returns their validated answers. */
export class ServerRequests {
  readonly #parts: ServerRequestsParts;

  constructor(parts: ServerRequestsParts) {
    this.#parts = parts;
  }

  /**
   * @throws TypeError for a request or an input that the contract does not have, HalyardError for a request without a
   * valid answer
   */
  async request(ws: WebSocketInstance, request: ServerRequest): Promise<unknown> {
    const { types, connections, clock, limits } = this.#parts;
    const definition = types.serverRequest(request.name);
    if (definition === undefined)
      throw new TypeError(`no request that a server may make: ${request.name.slice(0, 80)}`);
    const input: Validation = await validate(definition.input, request.input);
    if (!input.ok)
      throw new TypeError(`the input of ${request.name} is not valid: ${describeIssues(input.issues)}`, {
        cause: input.failure?.error,
      });

    const connection = connections.of(ws);
    if (connection === undefined) throw new HalyardError("unavailable");
    connection.serverRequests ??= new PendingServerRequests(connection, clock, limits.unansweredRequests);
    const answer = await connection.serverRequests.send({ ...request, input: input.value });
    const output = await validate(definition.output, answer);
    if (!output.ok) throw toHalyardError(validationError(output));
    return output.value;
  }
}

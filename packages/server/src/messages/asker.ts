import type { Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Core } from "./server-context.ts";
import { describeIssues, InvalidMessage } from "../utils/errors.ts";
import { Questions } from "../connection/server-requests.ts";
import type { Question, RequestOptions } from "../connection/server-requests.ts";
import type { WebSocketInstance } from "../types.ts";

/** What `manager.request` takes after the name. An input that may be undefined may be left out. */
export type RequestArguments<TInput> = undefined extends TInput
  ? [input?: TInput, options?: RequestOptions]
  : [input: TInput, options?: RequestOptions];

/** Asks clients. Both schemas are run here, because a client has none: what it says is not to be believed. */
export class Asker {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** @throws TypeError for what the contract does not have, HalyardError for what became of the question */
  async ask(ws: WebSocketInstance, question: Question): Promise<unknown> {
    const { types, table, clock, limits } = this.#core;
    const definition = types.serverRequest(question.name);
    if (definition === undefined)
      throw new TypeError(`no request that a server may make: ${question.name.slice(0, 80)}`);
    const input: Validation = await validate(definition.input, question.input);
    if (!input.ok)
      throw new TypeError(`the input of ${question.name} is not valid: ${describeIssues(input.issues)}`);

    const connection = table.of(ws);
    if (connection === undefined) throw new HalyardError("unavailable");
    connection.questions ??= new Questions(connection, clock, limits.unansweredRequests);
    const answer = await connection.questions.ask({ ...question, input: input.value });
    const output = await validate(definition.output, answer);
    if (!output.ok) throw new InvalidMessage(output.issues);
    return output.value;
  }
}

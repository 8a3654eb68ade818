// Answers the questions of other nodes about the connections of this node.
// Created by start-backplane.ts; node-questions.ts passes on each question once.
import { errorJson, toHalyardError } from "../utils/errors.ts";
import type { Census } from "./census.ts";
import type { ClusterStatistics } from "./cluster-statistics.ts";
import type { ConnectionRequests, Reply } from "./connection-requests.ts";
import type { Question } from "./node-message.ts";
import type { AskedQuestion } from "./node-questions.ts";

export interface AnsweringNodeParts {
  readonly census: Census;
  readonly requests: ConnectionRequests;
  readonly statistics: ClusterStatistics;
}

type RequestQuestion = Extract<Question, { readonly ask: "request" }>;

/** Answers what other nodes ask this node. */
export class AnsweringNode {
  readonly #parts: AnsweringNodeParts;
  /** The questions of other nodes that connections have not answered yet. */
  readonly #running = new Map<string, AbortController>();

  constructor(parts: AnsweringNodeParts) {
    this.#parts = parts;
  }

  readonly onQuestion = ({ id, question, answer }: AskedQuestion): void => {
    if (question.ask === "who") answer(this.#parts.census.here(question));
    else if (question.ask === "stats") answer(this.#parts.statistics.here());
    else if (question.ask === "cancel") this.#running.get(question.of)?.abort();
    else void this.#request(id, question, answer);
  };

  async #request(
    id: string,
    { connections, ...request }: RequestQuestion,
    answer: AskedQuestion["answer"],
  ): Promise<void> {
    answer({ begun: true });
    const controller = new AbortController();
    this.#running.set(id, controller);
    const { signal } = controller;
    const prepared = { ...request, input: request.input, signal };
    await Promise.all(
      connections.map(async (connectionId) => {
        const reply = await this.#parts.requests.askHere(connectionId, prepared);
        if (!signal.aborted) answerWith(answer, connectionId, reply);
      }),
    );
    this.#running.delete(id);
  }
}

/** Sends an answer; if it is too large, sends the error that says so. */
function answerWith(answer: AskedQuestion["answer"], connectionId: string, reply: Reply): void {
  try {
    if ("value" in reply) {
      answer({ connectionId, value: reply.value });
      return;
    }
    answer({ connectionId, error: JSON.parse(errorJson(toHalyardError(reply.error))) as object });
  } catch (error) {
    answerWith(answer, connectionId, { error });
  }
}

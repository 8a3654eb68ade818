import type { Frame as WireFrame } from "@halyard/protocol/wire";
import { HalyardError } from "@halyard/protocol/wire";
import type { Core } from "./server-context.ts";
import { errorJson, InvalidMessage, toHalyardError } from "../utils/errors.ts";
import { answer } from "./error-replies.ts";
import { RequestSlots } from "../utils/concurrency-limiter.ts";
import type { Requests } from "./request-dispatcher.ts";
import type { Received } from "./client-sends.ts";

interface Question extends Received {
  readonly frame: WireFrame & { readonly name: string };
}

const NAME_LENGTH = 128;

/**
 * Takes a request from its frame to its reply: in a slot of its connection, and once. Where nothing has to be waited
 * for it makes no promise, so that a reply leaves with those of the other requests of its turn.
 */
export class RequestRunner {
  readonly #core: Core;
  readonly #requests: Requests;

  constructor(core: Core, requests: Requests) {
    this.#core = core;
    this.#requests = requests;
  }

  /** @throws HalyardError what the asker is told, where there is no reply */
  take(received: Received): undefined | Promise<void> {
    if (!isQuestion(received))
      throw new InvalidMessage([{ path: "name", message: "not the name of a request" }]);
    const { connection, meta } = received;
    connection.requests ??= new RequestSlots(this.#core.limits);
    return connection.requests.run(meta.id, () => this.#reply(received));
  }

  #reply(question: Question): undefined | Promise<void> {
    const { connection, meta } = question;
    const reply = this.#answerOnce(question);
    if (!(reply instanceof Promise)) return answer(connection, reply, meta.id);
    return reply.then((text) => answer(connection, text, meta.id));
  }

  #answerOnce(question: Question): string | Promise<string> {
    const { connection, frame, meta, digest } = question;
    const isOnce = connection.isV1 && meta.id !== undefined && !this.#requests.isRepeatable(frame.name);
    if (!isOnce) return this.#answer(question);
    const work = { ref: connection.client, key: meta.id, digest, at: connection.seenAt, question };
    return this.#core.once.run(work, this.#perform);
  }

  readonly #perform = ({ question }: { readonly question: Question }): string | Promise<string> =>
    this.#answer(question);

  /** The answer, as {@link answer} takes it. Never throws and never rejects: a failure is an answer too. */
  #answer(question: Question): string | Promise<string> {
    try {
      const result = this.#requests.answer(question);
      return result instanceof Promise
        ? result.then(openReply).catch((error: unknown) => this.#fail(question, error))
        : openReply(result);
    } catch (error) {
      return this.#fail(question, error);
    }
  }

  #fail({ connection, frame }: Question, error: unknown): string {
    if (!(error instanceof HalyardError)) this.#core.report(error, { type: frame.name, ws: connection.ws });
    const told = toHalyardError(error);
    this.#core.security.refused(connection, told);
    return errorJson(told).slice(0, -1);
  }
}

/** By hand, like the reserved field: a schema of its own would cost as much as that of the input. */
function isQuestion(received: Received): received is Question {
  const { name } = received.frame;
  return typeof name === "string" && name !== "" && name.length <= NAME_LENGTH;
}

/** @throws TypeError for what cannot be JSON */
function openReply(result: unknown): string {
  // TypeScript does not say so, but there is no text for undefined, and none for a function.
  const json = JSON.stringify(result) as string | undefined;
  return json === undefined ? `{"type":"reply"` : `{"type":"reply","result":${json}`;
}

import { HalyardError } from "@halyard/protocol/wire";
import type { Connection } from "./connection.js";
import type { Core } from "./core.js";
import { errorJson, InvalidMessage, toHalyardError } from "./errors.js";
import { answer } from "./failures.js";
import { digestOf } from "./once.js";
import { RequestSlots } from "./request-slots.js";
import type { Requests } from "./requests.js";
import type { Received } from "./sends.js";

interface Question extends Received {
  readonly name: string;
  readonly input: unknown;
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
    const { connection, frame, meta } = received;
    const { name, input } = frame;
    // By hand, like the reserved field: a schema of its own would cost as much as that of the input.
    if (typeof name !== "string" || name === "" || name.length > NAME_LENGTH)
      throw new InvalidMessage([{ path: "name", message: "not the name of a request" }]);
    const question = { ...received, name, input };
    const slots = (connection.requests ??= new RequestSlots(this.#core.limits));
    const entered = slots.enter(meta.id);
    return entered instanceof Promise
      ? entered.then(() => this.#run(question, slots))
      : this.#run(question, slots);
  }

  #run(question: Question, slots: RequestSlots): undefined | Promise<void> {
    const { connection, meta } = question;
    const { id } = meta;
    let isWaiting = false;
    try {
      const json = this.#answerOnce(question);
      isWaiting = json instanceof Promise;
      if (json instanceof Promise) return finish(connection, id, { json, slots });
      answer(connection, json, id);
      return undefined;
    } finally {
      if (!isWaiting) slots.exit(id);
    }
  }

  #answerOnce(question: Question): string | Promise<string> {
    const { connection, text, meta, name } = question;
    const { id } = meta;
    const isOnce = connection.isV1 && id !== undefined && !this.#requests.isRepeatable(name);
    if (!isOnce) return this.#answer(question);
    const work = { ref: connection.client, key: id, digest: digestOf(text) };
    return this.#core.once.run(work, () => this.#answer(question));
  }

  /** The answer as JSON text. Never throws and never rejects: a failure is an answer too. */
  #answer(question: Question): string | Promise<string> {
    try {
      const { connection, name, input, meta } = question;
      const result = this.#requests.answer({ connection, name, input, channel: meta.ch });
      return result instanceof Promise
        ? result.then(replyJson).catch((error: unknown) => this.#fail(question, error))
        : replyJson(result);
    } catch (error) {
      return this.#fail(question, error);
    }
  }

  #fail({ connection, name }: Question, error: unknown): string {
    if (!(error instanceof HalyardError)) this.#core.report(error, { type: name, ws: connection.ws });
    const told = toHalyardError(error);
    this.#core.security.refused(connection, told);
    return errorJson(told);
  }
}

async function finish(
  connection: Connection,
  id: string | undefined,
  { json, slots }: { readonly json: Promise<string>; readonly slots: RequestSlots },
): Promise<void> {
  try {
    answer(connection, await json, id);
  } finally {
    slots.exit(id);
  }
}

/** @throws TypeError for what cannot be JSON */
function replyJson(result: unknown): string {
  // TypeScript does not say so, but there is no text for undefined, and none for a function.
  const json = JSON.stringify(result) as string | undefined;
  return json === undefined ? `{"type":"reply"}` : `{"type":"reply","result":${json}}`;
}

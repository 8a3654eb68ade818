import type { Frame as WireFrame } from "@halyard/protocol/wire";
import { HalyardError } from "@halyard/protocol/wire";
import type { ServerContext } from "../server-context.ts";
import { errorJson, InvalidMessageError, toHalyardError } from "../utils/errors.ts";
import { closeReply } from "./error-replies.ts";
import { ConcurrencyLimiter } from "../utils/concurrency-limiter.ts";
import type { RequestDispatcher } from "./request-dispatcher.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";

interface RequestFrame extends InboundMessage {
  readonly frame: WireFrame & { readonly name: string };
}

const NAME_LENGTH = 128;

/**
 * Takes a request from its frame to its reply: in a slot of its connection, and once. Where nothing has to be waited
 * for it makes no promise, so that a reply leaves with those of the other requests of its turn.
 */
export class ClientRequests {
  readonly #core: ServerContext;
  readonly #requests: RequestDispatcher;

  constructor(core: ServerContext, requests: RequestDispatcher) {
    this.#core = core;
    this.#requests = requests;
  }

  /** @throws HalyardError what the asker is told, where there is no reply */
  handle(received: InboundMessage): undefined | Promise<void> {
    if (!isRequestFrame(received))
      throw new InvalidMessageError([{ path: "name", message: "not the name of a request" }]);
    const { connection, meta } = received;
    connection.requestLimiter ??= new ConcurrencyLimiter(this.#core.limits);
    return connection.requestLimiter.run(meta.id, () => this.#reply(received));
  }

  #reply(request: RequestFrame): undefined | Promise<void> {
    const { connection, meta } = request;
    const reply = this.#runDeduplicated(request);
    if (!(reply instanceof Promise)) return closeReply(connection, reply, meta.id);
    return reply.then((text) => closeReply(connection, text, meta.id));
  }

  #runDeduplicated(request: RequestFrame): string | Promise<string> {
    const { connection, frame, meta, digest } = request;
    const isOnce = connection.isV1 && meta.id !== undefined && !this.#requests.isRepeatable(frame.name);
    if (!isOnce) return this.#answer(request);
    const work = { ref: connection.client, key: meta.id, digest, at: connection.lastActivityAt, request };
    return this.#core.deduplicator.run(work, this.#perform);
  }

  readonly #perform = ({ request }: { readonly request: RequestFrame }): string | Promise<string> =>
    this.#answer(request);

  /** The answer, as {@link closeReply} takes it. Never throws and never rejects: a failure is an answer too. */
  #answer(request: RequestFrame): string | Promise<string> {
    try {
      const result = this.#requests.answer(request);
      return result instanceof Promise
        ? result.then(replyPrefix).catch((error: unknown) => this.#fail(request, error))
        : replyPrefix(result);
    } catch (error) {
      return this.#fail(request, error);
    }
  }

  #fail({ connection, frame }: RequestFrame, error: unknown): string {
    if (!(error instanceof HalyardError)) this.#core.report(error, { type: frame.name, ws: connection.ws });
    const told = toHalyardError(error);
    this.#core.securityReporter.recordRefusal(connection, told);
    return errorJson(told).slice(0, -1);
  }
}

/** By hand, like the reserved field: a schema of its own would cost as much as that of the input. */
function isRequestFrame(received: InboundMessage): received is RequestFrame {
  const { name } = received.frame;
  return typeof name === "string" && name !== "" && name.length <= NAME_LENGTH;
}

/** @throws TypeError for what cannot be JSON */
function replyPrefix(result: unknown): string {
  // TypeScript does not say so, but there is no text for undefined, and none for a function.
  const json = JSON.stringify(result) as string | undefined;
  return json === undefined ? `{"type":"reply"` : `{"type":"reply","result":${json}`;
}

import type { InboundMessage } from "../connection/inbound-message.ts";
import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import { KeyedThrottle } from "../utils/keyed-throttle.ts";
import type { ServerContext } from "../server-context.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { errorJson, InvalidMessageError, LimitError, toHalyardError } from "../utils/errors.ts";
import type { ErrorReplies } from "./error-replies.ts";
import { closeReply } from "./error-replies.ts";
import { newMessageId } from "../utils/new-message-id.ts";
import type { RateLimits } from "../connection/rate-limits.ts";

export interface ClientSendsParts {
  readonly core: ServerContext;
  readonly dispatcher: Dispatcher;
  readonly errorReplies: ErrorReplies;
  readonly rateLimits: RateLimits;
}

/** An ephemeral message per type and room passes this often. */
const EPHEMERAL_INTERVAL_MS = 50;

/** Handles the messages of each connection one at a time and in order, and each of a v1 client's once. */
export class ClientSends {
  readonly #parts: ClientSendsParts;

  constructor(parts: ClientSendsParts) {
    this.#parts = parts;
  }

  /** @param unpaidBytes what the byte rate still wants for this message, when it was over the rate */
  enqueue(message: InboundMessage, unpaidBytes: number): void {
    const { connection, frame, meta } = message;
    const { core, errorReplies } = this.#parts;
    if (core.types.fromClient(frame.type)?.ephemeral === true) {
      this.#coalesce(message);
      return;
    }
    if (!this.#acceptsSequence(message)) return;
    if (connection.pendingSends >= core.limits.waitingSends) {
      errorReplies.replyWithError(
        connection,
        new LimitError("limit_exceeded", "waitingSends", { message: "Too many messages wait." }),
        meta.seq,
      );
      return;
    }
    connection.pendingSends++;
    connection.sendQueue.add(async () => {
      connection.pendingSends--;
      if (connection.isV1) await this.#parts.rateLimits.pace(connection, { type: frame.type, unpaidBytes });
      await this.#run(message);
    });
  }

  /** Only the newest counts, and only while there is time for it: the others are dropped without a word. */
  #coalesce(message: InboundMessage): void {
    const { core, rateLimits } = this.#parts;
    const { connection, frame, meta } = message;
    if (rateLimits.waitForType(connection, frame.type) > 0) return;
    connection.ephemeral ??= new KeyedThrottle(core.clock, EPHEMERAL_INTERVAL_MS);
    connection.ephemeral.run(`${frame.type}\0${meta.ch ?? ""}`, () => {
      if (connection.sendQueue.waiting < 2 * core.limits.waitingSends)
        connection.sendQueue.add(() => this.#run(message));
    });
  }

  /** A plain client's chat is refused when it comes too fast; a v1 client's waits. */
  #acceptsSequence({ connection, frame, meta }: InboundMessage): boolean {
    const { errorReplies, rateLimits } = this.#parts;
    if (connection.isV1) {
      if (meta.seq !== undefined) return true;
      if (!this.#isKnown(frame.type)) {
        errorReplies.replyWithError(connection, new HalyardError("unknown_type"), meta.id);
        return false;
      }
      const expectedSeq = new InvalidMessageError([{ path: "$.seq", message: "a send has a number" }]);
      errorReplies.replyWithError(connection, expectedSeq, meta.id);
      return false;
    }
    const retryAfterMs = rateLimits.waitForType(connection, frame.type);
    if (retryAfterMs === 0) return true;
    errorReplies.replyWithError(
      connection,
      new LimitError("rate_limited", "chatPerSecond", { retryAfterMs }),
      meta.seq,
    );
    return false;
  }

  #isKnown(type: string): boolean {
    const { types, registry } = this.#parts.core;
    return types.fromClient(type) !== undefined || registry.find(type) !== undefined;
  }

  async #run(message: InboundMessage): Promise<void> {
    const { connection, meta } = message;
    const { core, errorReplies } = this.#parts;
    const { seq } = meta;
    try {
      if (!connection.isV1 || seq === undefined) {
        const acknowledge = await this.#perform(message, newMessageId);
        if (seq !== undefined || acknowledge.isError)
          closeReply(connection, acknowledge.replyPrefix, seq ?? meta.id);
        return;
      }
      const work = { ref: connection.client, key: seq, digest: message.digest };
      const makeId = (): string => messageIdOf(connection.client.client, seq);
      const replyPrefix = await core.deduplicator.run(
        work,
        async () => (await this.#perform(message, makeId)).replyPrefix,
      );
      closeReply(connection, replyPrefix, seq);
    } catch (error) {
      if (error instanceof HalyardError && error.code === "conflict")
        errorReplies.replyWithError(connection, error, seq);
      else errorReplies.closeWithError(connection, error);
    }
  }

  /** Runs a message to its end, whatever that is: the answer is as {@link closeReply} takes it, and a failure is one too. */
  async #perform(
    { connection, frame, meta }: InboundMessage,
    messageId: () => string,
  ): Promise<{ readonly replyPrefix: string; readonly isError: boolean }> {
    const { core, dispatcher, errorReplies } = this.#parts;
    const { type, $: _, ...fields } = frame;
    if (type === "skip") return { replyPrefix: `{"type":"reply"`, isError: false };
    try {
      const result = await dispatcher.dispatch({ connection, type, fields, channel: meta.ch, messageId });
      return { replyPrefix: `{"type":"reply","result":${JSON.stringify(result)}`, isError: false };
    } catch (error) {
      if (!(error instanceof HalyardError)) core.report(error, { type, ws: connection.ws });
      const told = toHalyardError(error);
      errorReplies.countViolation(connection, told);
      return { replyPrefix: errorJson(told).slice(0, -1), isError: true };
    }
  }
}

// One message of a client, from the head of its queue to its reply. Called by ClientSends.
// Guarantees: a numbered message of a v1 client is handled once per number, however often the client repeats it.
import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import type { InboundMessage } from "../connection/inbound-message.ts";
import type { ErrorContext } from "../types.ts";
import { errorJson, toHalyardError } from "../utils/errors.ts";
import { newMessageId } from "../utils/ids.ts";
import type { Deduplicator } from "./deduplicator.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ErrorReplies } from "./error-replies.ts";
import { sendReply } from "./error-replies.ts";

interface SendExecutorParts {
  readonly deduplicator: Deduplicator;
  readonly dispatcher: Dispatcher;
  readonly errorReplies: ErrorReplies;
  readonly report: (error: unknown, context: ErrorContext) => void;
}

/** Runs the messages of clients and sends their replies. */
export class SendExecutor {
  readonly #parts: SendExecutorParts;

  constructor(parts: SendExecutorParts) {
    this.#parts = parts;
  }

  /** Whether the contract or a handler has this message type. */
  isKnown(type: string): boolean {
    return this.#parts.dispatcher.isKnown(type);
  }

  /** Never rejects. */
  async execute(message: InboundMessage): Promise<void> {
    const { connection, meta } = message;
    const { deduplicator, errorReplies } = this.#parts;
    const { seq } = meta;
    // The message waited, and its connection was closed for good meanwhile.
    if (connection.isRevoked) return;
    try {
      if (!connection.isV1 || seq === undefined) {
        const { replyPrefix, isError } = await this.#perform(message, newMessageId);
        if (seq !== undefined || isError) sendReply(connection, replyPrefix, seq ?? meta.id);
        return;
      }
      const work = { ref: connection.client, key: seq, digest: message.digest, connection };
      const makeId = (): string => messageIdOf(connection.client.client, seq);
      const replyPrefix = await deduplicator.run(
        work,
        async () => (await this.#perform(message, makeId)).replyPrefix,
      );
      sendReply(connection, replyPrefix, seq);
    } catch (error) {
      if (isRevoked(connection)) return;
      if (error instanceof HalyardError && error.code === "conflict")
        errorReplies.replyWithError(connection, error, seq);
      else errorReplies.closeWithError(connection, error);
    }
  }

  /** Handles a message; the reply is as {@link sendReply} takes it. Never rejects: an error is a reply too. */
  async #perform(
    { connection, frame, meta }: InboundMessage,
    messageId: () => string,
  ): Promise<{ readonly replyPrefix: string; readonly isError: boolean }> {
    const { dispatcher, errorReplies, report } = this.#parts;
    const { type, $: _, ...fields } = frame;
    if (type === "skip") return { replyPrefix: `{"type":"reply"`, isError: false };
    try {
      const result = await dispatcher.dispatch({ connection, type, fields, channel: meta.ch, messageId });
      return { replyPrefix: `{"type":"reply","result":${JSON.stringify(result)}`, isError: false };
    } catch (error) {
      if (!(error instanceof HalyardError)) report(error, { type, ws: connection.ws });
      const publicError = toHalyardError(error);
      errorReplies.countViolation(connection, publicError);
      return { replyPrefix: errorJson(publicError).slice(0, -1), isError: true };
    }
  }
}

/** Read through a function: TypeScript holds a field that was read before an `await` for unchanged. */
function isRevoked(connection: { readonly isRevoked: boolean }): boolean {
  return connection.isRevoked;
}

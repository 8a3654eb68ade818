// One message of a client, from the head of its queue to its reply. Called by ClientSends.
// Guarantees: a numbered message of a v1 client is handled once per number, however often the client repeats it; while the
// backplane is away it waits, as long as its connection lives and the client waits for it.
import type { SendResult } from "@halyard/protocol";
import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import type { PublishedWork } from "../backplane.ts";
import { clientOf, mayBeRepetition, REPEATED_MS } from "../connection/inbound-message.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import { isClosed } from "../connection/is-closed.ts";
import { wireJson } from "../delivery/wire-json.ts";
import type { HandlerTimes } from "../metrics/handler-times.ts";
import type { Clock, ErrorContext } from "../types.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import {
  errorJson,
  hasEffect,
  isFailure,
  isOutcomeUnknown,
  isUnavailable,
  toHalyardError,
} from "../utils/errors.ts";
import { newMessageId } from "../utils/ids.ts";
import type { ClientWork, Deduplicator } from "./deduplicator.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ErrorReplies } from "./error-replies.ts";
import { sendReply, subjectOf } from "./error-replies.ts";
import { answerKeyOf } from "./frame-meta.ts";
import type { MessageLog } from "./message-log.ts";

interface SendExecutorParts {
  readonly clock: Clock;
  readonly deduplicator: Deduplicator;
  readonly dispatcher: Dispatcher;
  readonly errorReplies: ErrorReplies;
  readonly handlerTimes: HandlerTimes;
  readonly messageLog: MessageLog | undefined;
  readonly monitor: Pick<BackplaneMonitor, "isAway" | "nextLook">;
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
    const { errorReplies } = this.#parts;
    const { seq } = meta;
    const re = answerKeyOf(meta);
    // A sign-out or a ban of the same turn comes first.
    await Promise.resolve();
    // The message waited, and its connection was closed for good meanwhile.
    if (connection.isRevoked) return;
    this.#parts.messageLog?.received(message);
    try {
      if (!connection.isV1 || seq === undefined) {
        const { replyPrefix, isError } = await this.#perform(message, newMessageId, false);
        if (seq !== undefined || isError) sendReply(connection, replyPrefix, re);
        return;
      }
      sendReply(connection, await this.#runNumbered(message, seq), re);
    } catch (error) {
      if (isRevoked(connection)) return;
      if (error instanceof HalyardError && error.code === "conflict")
        errorReplies.replyWithError(connection, error, re);
      else errorReplies.closeWithError(connection, error);
    }
  }

  /** Tries again while the backplane does not answer: an error would use the number, and a close would help no client. */
  async #runNumbered(message: InboundMessage, seq: number): Promise<string> {
    const { connection, digest } = message;
    const { clock, deduplicator, monitor } = this.#parts;
    const ref = clientOf(message);
    const makeId = (): string => messageIdOf(ref.client, seq);
    const perform = async (_: unknown, mayHaveRun: boolean): Promise<string> =>
      (await this.#perform(message, makeId, mayHaveRun)).replyPrefix;
    const endsAt = clock.now() + REPEATED_MS;
    const { publishesOnce } = deduplicator;
    let mayHaveRun: boolean | undefined = mayBeRepetition(message);
    for (;;) {
      const claim = deduplicator.nextClaim();
      const work: ClientWork = { ref, key: seq, digest, claim, connection, mayHaveRun };
      try {
        const publication = publishesOnce ? await this.#publicationOf(message, makeId) : undefined;
        return await deduplicator.run(work, perform, publication);
      } catch (error) {
        do {
          if (!isUnavailable(error) || isClosed(connection) || clock.now() >= endsAt) throw error;
          await monitor.nextLook();
        } while (monitor.isAway);
        ({ mayHaveRun } = work);
      }
    }
  }

  /**
   * The message that is the whole effect of a send.
   *
   * @returns undefined for a send that does something else, or is refused: its run says why
   */
  async #publicationOf(
    { bytes, connection, frame, meta, refusal }: InboundMessage,
    messageId: () => string,
  ): Promise<PublishedWork | undefined> {
    const { type, $: _, ...fields } = frame;
    // Until it is known what the client has had run, only the run waits for it.
    if (refusal !== undefined || connection.unfinished !== undefined) return undefined;
    try {
      const input = { connection, type, fields, channel: meta.ch, bytes, messageId };
      const stored = await this.#parts.dispatcher.compose(input);
      if (stored === undefined) return undefined;
      const { id, ...message } = stored;
      // The offset, which stands last, is known when the message is stored.
      const reply = replyTo({ id, ch: message.channel, off: 0 });
      return { ...message, result: [reply.slice(0, -2), "}"] };
    } catch {
      return undefined;
    }
  }

  /**
   * Handles a message; the reply is as {@link sendReply} takes it, also of an error.
   *
   * @param mayHaveRun an earlier attempt may have had its effect: an error says so
   * @throws OutcomeUnknownError for a numbered message
   */
  async #perform(
    message: InboundMessage,
    messageId: () => string,
    mayHaveRun: boolean,
  ): Promise<{ readonly replyPrefix: string; readonly isError: boolean }> {
    const { connection, frame, meta, bytes, refusal } = message;
    const { clock, dispatcher, handlerTimes, report } = this.#parts;
    const { type, $: _, ...fields } = frame;
    if (refusal !== undefined) return this.#fail(message, refusal, mayHaveRun);
    if (type === "skip") return { replyPrefix: `{"type":"reply"`, isError: false };
    const startedAt = clock.now();
    try {
      const result = await dispatcher.dispatch({
        connection,
        type,
        fields,
        channel: meta.ch,
        bytes,
        messageId,
      });
      return { replyPrefix: replyTo(result), isError: false };
    } catch (error) {
      // The client repeats the message, which may be stored already: an error would say that it is not.
      if (isOutcomeUnknown(error) && meta.seq !== undefined) throw error;
      if (isFailure(error)) {
        handlerTimes.addFailure(type);
        report(error, { ...subjectOf(message), ws: connection.ws });
      }
      return this.#fail(message, toHalyardError(error), mayHaveRun || hasEffect(error));
    } finally {
      handlerTimes.add(type, clock.now() - startedAt);
    }
  }

  #fail(
    message: InboundMessage,
    error: HalyardError,
    mayHaveRun: boolean,
  ): { readonly replyPrefix: string; readonly isError: true } {
    this.#parts.errorReplies.countViolation(message.connection, error, subjectOf(message));
    return { replyPrefix: errorJson(error, mayHaveRun).slice(0, -1), isError: true };
  }
}

/** A reply, as {@link sendReply} takes it. */
function replyTo(result: SendResult): string {
  return `{"type":"reply","result":${wireJson(result)}`;
}

/** Read through a function: TypeScript holds a field that was read before an `await` for unchanged. */
function isRevoked(connection: { readonly isRevoked: boolean }): boolean {
  return connection.isRevoked;
}

// The queue of each connection's messages (everything that is neither a control frame nor a request). Called by Inbound.
// Guarantees: the messages of one connection run one at a time and in order; of ephemeral messages only the newest per
// type and room runs, at most every 50 ms.
import { HalyardError } from "@halyard/protocol/wire";
import { roomNameOf } from "../channels/channel-name.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { InvalidMessageError, LimitError } from "../utils/errors.ts";
import { KeyedThrottle } from "../utils/keyed-throttle.ts";
import type { ErrorReplies } from "./error-replies.ts";
import type { MessageTypeRegistry } from "./message-types.ts";
import type { SendExecutor } from "./send-executor.ts";

interface ClientSendsParts {
  readonly clock: Clock;
  readonly errorReplies: ErrorReplies;
  readonly limits: Pick<ServerLimits, "waitingSends">;
  readonly rateLimits: RateLimits;
  readonly sendExecutor: SendExecutor;
  readonly types: MessageTypeRegistry;
}

const EPHEMERAL_INTERVAL_MS = 50;

/** Queues the messages of each connection. */
export class ClientSends {
  readonly #parts: ClientSendsParts;

  constructor(parts: ClientSendsParts) {
    this.#parts = parts;
  }

  /** Whether messages of this type are ephemeral: without a `seq`, without a reply, and dropped under load. */
  isEphemeral(type: string): boolean {
    return this.#parts.types.fromClient(type)?.ephemeral === true;
  }

  /** @param unpaidBytes the bytes of this message that the byte rate has not granted yet, when it was over the rate */
  enqueue(message: InboundMessage, unpaidBytes: number): void {
    const { connection, frame, meta } = message;
    const { errorReplies, limits, rateLimits, sendExecutor } = this.#parts;
    if (meta.seq === undefined && this.isEphemeral(frame.type)) {
      this.#coalesce(message);
      return;
    }
    if (!this.#acceptsSequence(message)) return;
    if (connection.pendingSends >= limits.waitingSends) {
      errorReplies.replyWithError(
        connection,
        new LimitError("limit_exceeded", "waitingSends", { message: "Too many messages wait." }),
        meta.seq,
      );
      return;
    }
    connection.pendingSends++;
    const roomOperation = roomOperationBefore(message);
    connection.sendQueue.add(async () => {
      connection.pendingSends--;
      if (roomOperation !== undefined) await roomOperation.catch(() => undefined);
      if (connection.isV1) await rateLimits.pace(connection, { type: frame.type, unpaidBytes });
      await sendExecutor.execute(message);
    });
  }

  /** Runs the newest message of its type and room, while the queue has room; the others are dropped without an error. */
  #coalesce(message: InboundMessage): void {
    const { clock, limits, rateLimits, sendExecutor } = this.#parts;
    const { connection, frame, meta } = message;
    if (rateLimits.takeForType(connection, frame.type) > 0) return;
    connection.ephemeral ??= new KeyedThrottle(clock, EPHEMERAL_INTERVAL_MS);
    connection.ephemeral.run(`${frame.type}\0${meta.ch ?? ""}`, () => {
      if (connection.sendQueue.waiting < 2 * limits.waitingSends)
        connection.sendQueue.add(() => sendExecutor.execute(message));
    });
  }

  /** A v1 client's message needs a `seq`. A plain client's message is refused above its rate; a v1 client's waits. */
  #acceptsSequence({ connection, frame, meta }: InboundMessage): boolean {
    const { errorReplies, rateLimits, sendExecutor } = this.#parts;
    if (connection.isV1) {
      if (meta.seq !== undefined) return true;
      if (!sendExecutor.isKnown(frame.type)) {
        errorReplies.replyWithError(connection, new HalyardError("unknown_type"), meta.id);
        return false;
      }
      const expectedSeq = new InvalidMessageError([{ path: "$.seq", message: "a send has a number" }]);
      errorReplies.replyWithError(connection, expectedSeq, meta.id);
      return false;
    }
    const retryAfterMs = rateLimits.takeForType(connection, frame.type);
    if (retryAfterMs === 0) return true;
    errorReplies.replyWithError(
      connection,
      new LimitError("rate_limited", "chatPerSecond", { retryAfterMs }),
      meta.seq,
    );
    return false;
  }
}

/** The join or leave of a send's room that came in before it and has not ended. */
function roomOperationBefore({ connection, meta }: InboundMessage): Promise<void> | undefined {
  const { roomOperations } = connection;
  if (roomOperations === undefined || meta.ch === undefined) return undefined;
  return roomOperations.afterAdded(roomNameOf(meta.ch) ?? "");
}

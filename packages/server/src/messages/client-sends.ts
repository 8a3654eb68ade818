// The queue of each connection's messages (everything that is neither a control frame nor a request). Called by Inbound.
// Guarantees: the messages of one connection run one at a time and in order; of the ephemeral messages of a type and room, the
// newest (or all, if the contract says so) runs once per interval; the last one always runs, and dropped ones are
// counted. A message that waits for its interval runs when its connection leaves the room by itself or ends, because
// nothing could run it later.
import type { EphemeralOptions } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { roomChannel, roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import { HeldMessage } from "../connection/inbound-message.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { InvalidMessageError, LimitError, rateLimitError } from "../utils/errors.ts";
import { KeyedThrottle } from "../utils/keyed-throttle.ts";
import type { ThrottleRule } from "../utils/keyed-throttle.ts";
import type { ErrorReplies } from "./error-replies.ts";
import { answerKeyOf } from "./frame-meta.ts";
import type { MessageTypeRegistry } from "./message-types.ts";
import type { SendExecutor } from "./send-executor.ts";

interface ClientSendsParts {
  readonly clock: Clock;
  readonly errorReplies: ErrorReplies;
  readonly limits: Pick<ServerLimits, "waitingSends" | "userWaitingSends" | "ephemeralIntervalMs">;
  readonly rateLimits: RateLimits;
  readonly sendExecutor: SendExecutor;
  readonly types: MessageTypeRegistry;
}

/** How many ephemeral messages of one type and room may wait when all are kept. */
const MAX_KEPT = 64;
const NO_OPTIONS: EphemeralOptions = {};

/** Queues the messages of each connection. */
export class ClientSends {
  readonly #parts: ClientSendsParts;
  readonly #throttleRules = new Map<string, ThrottleRule>();
  /** How many ephemeral messages were dropped. */
  thinned = 0;

  constructor(parts: ClientSendsParts) {
    this.#parts = parts;
  }

  /** Whether messages of this type are ephemeral: they have no `seq` and no reply, and may be dropped. */
  isEphemeral(type: string): boolean {
    return this.#parts.types.fromClient(type)?.ephemeral === true;
  }

  /** Drops a message that exceeds a rate, if it is ephemeral. @returns whether it was dropped */
  thinOut(type: string): boolean {
    if (!this.isEphemeral(type)) return false;
    this.thinned++;
    return true;
  }

  /**
   * @param text the text of the message's frame
   * @param unpaidBytes the bytes of this message that the byte rate has not granted yet, if it exceeded a rate
   */
  enqueue(message: InboundMessage, text: string, unpaidBytes = 0): void {
    const { connection, meta } = message;
    const { type } = message.frame;
    const { errorReplies, rateLimits, sendExecutor } = this.#parts;
    if (meta.seq === undefined && this.isEphemeral(type)) {
      this.#thin(message, text);
      return;
    }
    if (!this.#acceptsSequence(message)) return;
    const full = this.fullQueueOf(connection);
    if (full !== undefined) {
      errorReplies.replyWithError(connection, queueError(full), answerKeyOf(meta));
      return;
    }
    const user = rateLimits.userBucketsOf(connection);
    connection.pendingSends++;
    user.waitingSends++;
    const roomOperation = roomOperationBefore(message);
    const held = new HeldMessage(message, text);
    // Runs at once if the queue is idle. The function does not use `message`, because it would keep the parsed frame while it waits.
    connection.sendQueue.add(async () => {
      connection.pendingSends--;
      if (roomOperation !== undefined) await roomOperation.catch(() => undefined);
      const debt = rateLimits.paceCharged(connection);
      if (debt !== undefined) await debt;
      const pace = connection.isV1 ? rateLimits.pace(connection, { type, unpaidBytes }) : undefined;
      if (pace !== undefined) await pace;
      await sendExecutor.execute(held.take());
      user.waitingSends--;
    });
    held.release();
  }

  /** The limit that another waiting message of this connection would exceed, if any. */
  fullQueueOf(connection: Connection): "waitingSends" | "userWaitingSends" | undefined {
    const { limits, rateLimits } = this.#parts;
    if (connection.pendingSends >= limits.waitingSends) return "waitingSends";
    const { waitingSends } = rateLimits.userBucketsOf(connection);
    return waitingSends >= limits.userWaitingSends ? "userWaitingSends" : undefined;
  }

  /** Runs ephemeral messages as often as their type allows; dropped ones get no error. */
  #thin(message: InboundMessage, text: string): void {
    const { clock, rateLimits } = this.#parts;
    const { connection, frame, meta } = message;
    if (rateLimits.takeForType(connection, frame.type) !== undefined) {
      this.thinned++;
      return;
    }
    connection.ephemeral ??= new KeyedThrottle({
      clock,
      deliver: (run) => run(),
      onDropped: () => {
        this.thinned++;
      },
    });
    const held = new HeldMessage(message, text);
    const rule = this.#throttleRuleOf(frame.type);
    connection.ephemeral.add(`${meta.ch ?? ""}\0${frame.type}`, this.#runOf(connection, held), rule);
    held.release();
  }

  #runOf({ sendQueue }: Connection, held: HeldMessage): () => boolean {
    const { limits, sendExecutor } = this.#parts;
    return () => {
      if (sendQueue.waiting >= 2 * limits.waitingSends) return false;
      sendQueue.add(() => sendExecutor.execute(held.take()));
      return true;
    };
  }

  #throttleRuleOf(type: string): ThrottleRule {
    let rule = this.#throttleRules.get(type);
    if (rule === undefined) {
      const ephemeral = this.#parts.types.fromClient(type)?.policy.ephemeral;
      const { everyMs, keep } = typeof ephemeral === "object" ? ephemeral : NO_OPTIONS;
      const intervalMs = everyMs ?? this.#parts.limits.ephemeralIntervalMs;
      rule = { intervalMs, kept: keep === "all" ? MAX_KEPT : 1 };
      this.#throttleRules.set(type, rule);
    }
    return rule;
  }

  /**
   * Whether a message may be queued. A v1 client's message needs a `seq`. A plain client's message is refused above its
   * rate; a v1 client's waits.
   */
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
    const exceeded = rateLimits.takeForType(connection, frame.type);
    if (exceeded === undefined) return true;
    errorReplies.replyWithError(connection, rateLimitError(exceeded), answerKeyOf(meta));
    return false;
  }
}

/** Runs the ephemeral messages that wait for their interval in a room, because the client is about to leave it. */
export function endIntervalsOf({ ephemeral }: Connection, room: string): void {
  const prefix = `${roomChannel(room)}\0`;
  ephemeral?.end((key) => key.startsWith(prefix));
}

/** The error for a send when a queue is full. The send does not use up its number. */
export function queueError(limit: "waitingSends" | "userWaitingSends"): LimitError {
  return new LimitError("limit_exceeded", limit, { message: "Too many messages wait." });
}

/** The pending joins (also by a hello) and leaves of the send's room that arrived before the send. */
function roomOperationBefore({ connection, meta }: InboundMessage): Promise<unknown> | undefined {
  const { pendingRooms, roomOperations } = connection;
  if ((pendingRooms === undefined && roomOperations === undefined) || meta.ch === undefined) return undefined;
  const room = roomNameOf(meta.ch) ?? "";
  const operation = roomOperations?.afterAdded(room);
  const settled = pendingRooms?.whenSettled(room);
  if (operation === undefined || settled === undefined) return operation ?? settled;
  // The operation may be over while the room is still pending, for example a state that was refused.
  return Promise.allSettled([operation, settled]);
}

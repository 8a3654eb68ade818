// The rates of one connection, as token buckets.
// Called for frames and pings by messages/inbound.ts, for chat and typing by messages/client-sends.ts, for joins by messages/control-frames.ts.
// A method takes its tokens and returns 0, or takes none and returns how many milliseconds to wait; only `pace` waits itself.

import type { Buckets, Connection } from "./connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { TokenBucket } from "@halyard/protocol/internal";

/** The rates of one connection: frames, bytes, chat, typing, joins and pings. */
export class RateLimits {
  readonly #limits: ServerLimits;
  readonly #clock: Clock;

  constructor(limits: ServerLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @returns 0, or how many milliseconds a frame of this size must wait; no token is taken then */
  takeFrame(connection: Connection, bytes: number, now = this.#clock.now()): number {
    const limits = this.#limits;
    const buckets = this.#bucketsOf(connection);
    buckets.bytes ??= new TokenBucket(limits.bytesPerSecond, limits.byteBurst, now);
    buckets.messages ??= new TokenBucket(limits.messagesPerSecond, limits.messageBurst, now);
    const waitMs = buckets.bytes.delayFor(now, bytes);
    return waitMs > 0 ? waitMs : buckets.messages.consume(now) || buckets.bytes.consume(now, bytes);
  }

  /** Chat, typing and joins each have their own rate; other types have none. */
  takeForType(connection: Connection, type: string): number {
    const limits = this.#limits;
    const now = this.#clock.now();
    const buckets = this.#bucketsOf(connection);
    if (type === "chat_message") {
      buckets.chat ??= new TokenBucket(limits.chatPerSecond, limits.chatBurst, now);
      return buckets.chat.consume(now);
    }
    if (type === "typing_indicator") {
      buckets.typing ??= new TokenBucket(limits.typingPerSecond, limits.typingBurst, now);
      return buckets.typing.consume(now);
    }
    if (type !== "join") return 0;
    buckets.joins ??= new TokenBucket(limits.joinsPerSecond, limits.joinBurst, now);
    return buckets.joins.consume(now);
  }

  takePing(connection: Connection): number {
    const limits = this.#limits;
    const now = this.#clock.now();
    const buckets = this.#bucketsOf(connection);
    buckets.pings ??= new TokenBucket(limits.pingsPerSecond, limits.pingsPerSecond, now);
    return buckets.pings.consume(now);
  }

  /** Delays a message of a v1 client until it is within its rates. Such a message is never rejected for its rate. */
  async pace(
    connection: Connection,
    message: { readonly type: string; readonly unpaidBytes: number },
  ): Promise<void> {
    if (message.unpaidBytes > 0)
      await this.#delayUntil(connection, () => this.takeFrame(connection, message.unpaidBytes));
    await this.#delayUntil(connection, () => this.takeForType(connection, message.type));
  }

  async #delayUntil(connection: Connection, take: () => number): Promise<void> {
    for (let waitMs = take(); waitMs > 0; waitMs = take()) {
      const ms = waitMs;
      await new Promise<void>((resolve) => {
        connection.sendQueue.delayTimer = this.#clock.setTimeout(resolve, ms);
      });
    }
  }

  #bucketsOf(connection: Connection): Buckets {
    connection.buckets ??= {
      messages: undefined,
      bytes: undefined,
      chat: undefined,
      joins: undefined,
      typing: undefined,
      pings: undefined,
    };
    return connection.buckets;
  }
}

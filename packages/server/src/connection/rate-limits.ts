import type { Buckets, Connection } from "./connection.ts";
import type { Core } from "../messages/server-context.ts";
import { TokenBucket } from "../utils/token-bucket.ts";

/** How fast one connection may talk. */
export class Throttle {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** @returns 0, or the milliseconds to wait before a frame of this size; nothing is taken then */
  frame(connection: Connection, bytes: number, now = this.#core.clock.now()): number {
    const { limits } = this.#core;
    const buckets = this.#of(connection);
    buckets.bytes ??= new TokenBucket(limits.bytesPerSecond, limits.byteBurst, now);
    buckets.messages ??= new TokenBucket(limits.messagesPerSecond, limits.messageBurst, now);
    const waitMs = buckets.bytes.waitFor(now, bytes);
    return waitMs > 0 ? waitMs : buckets.messages.take(now) || buckets.bytes.take(now, bytes);
  }

  /** Chat, typing and joins have a rate of their own; other types none. */
  type(connection: Connection, type: string): number {
    const { limits, clock } = this.#core;
    const now = clock.now();
    const buckets = this.#of(connection);
    if (type === "chat_message") {
      buckets.chat ??= new TokenBucket(limits.chatPerSecond, limits.chatBurst, now);
      return buckets.chat.take(now);
    }
    if (type === "typing_indicator") {
      buckets.typing ??= new TokenBucket(limits.typingPerSecond, limits.typingBurst, now);
      return buckets.typing.take(now);
    }
    if (type !== "join") return 0;
    buckets.joins ??= new TokenBucket(limits.joinsPerSecond, limits.joinBurst, now);
    return buckets.joins.take(now);
  }

  ping(connection: Connection): number {
    const { limits, clock } = this.#core;
    const now = clock.now();
    const buckets = this.#of(connection);
    buckets.pings ??= new TokenBucket(limits.pingsPerSecond, limits.pingsPerSecond, now);
    return buckets.pings.take(now);
  }

  /** Waits until a message of a v1 client is within its rate: it is never refused for being early. */
  async pace(
    connection: Connection,
    message: { readonly type: string; readonly owedBytes: number },
  ): Promise<void> {
    if (message.owedBytes > 0) await this.#until(connection, () => this.frame(connection, message.owedBytes));
    if (message.type === "chat_message")
      await this.#until(connection, () => this.type(connection, message.type));
  }

  async #until(connection: Connection, take: () => number): Promise<void> {
    for (let waitMs = take(); waitMs > 0; waitMs = take()) {
      const ms = waitMs;
      await new Promise<void>((resolve) => {
        connection.lane.pause = this.#core.clock.setTimeout(resolve, ms);
      });
    }
  }

  #of(connection: Connection): Buckets {
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

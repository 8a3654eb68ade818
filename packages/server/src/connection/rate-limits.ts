// Enforces the rates of a connection and of its user with token buckets.
// Called for frames and pings by messages/inbound.ts, for chat and typing by messages/client-sends.ts, for joins by
// messages/control-frames.ts.
// A method takes its tokens from every bucket, or takes none and returns what is exceeded; only the `pace` methods wait.

import type { Buckets, Connection } from "./connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { TokenBucket } from "@halyard/protocol/internal";
import type { HalyardError } from "@halyard/protocol/wire";
import { isFull, UserBucketTable } from "./user-buckets.ts";
import type { UserBuckets } from "./user-buckets.ts";
import { InvalidMessageError } from "../utils/errors.ts";
import type { Exceeded } from "../utils/errors.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";

/** How many times `limits.rooms` the hellos of a user may name at once: enough for a few tabs that all reconnect. */
const HELLO_ROOMS = 5;
/**
 * What a schema issue costs of the byte rates, in bytes. Finding one takes a schema about 3 µs (2026-11): the default
 * rates of a user allow 8,192 issues per second.
 */
const ISSUE_BYTES = 64;

/** Enforces the rates of frames, bytes, chat and joins, per connection and per user, and the rates of typing and pings. */
export class RateLimits {
  readonly #limits: ServerLimits;
  readonly #clock: Clock;
  readonly #users: UserBucketTable;
  /** The buckets of channels that are not full. */
  readonly #channels = new Map<string, TokenBucket>();

  constructor(limits: ServerLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#users = new UserBucketTable(limits);
  }

  /** How many users have buckets that are not full. */
  get trackedUsers(): number {
    return this.#users.size;
  }

  /** @returns undefined if a frame of this size is within the rates */
  takeFrame(connection: Connection, bytes: number, now = this.#clock.now()): Exceeded | undefined {
    const limits = this.#limits;
    const own = this.#bucketsOf(connection);
    const user = this.#userBucketsOf(connection, now);
    own.bytes ??= new TokenBucket(limits.bytesPerSecond, limits.byteBurst, now);
    own.messages ??= new TokenBucket(limits.messagesPerSecond, limits.messageBurst, now);
    let waitMs = own.bytes.delayFor(now, bytes);
    if (waitMs > 0) return { limit: "bytesPerSecond", waitMs };
    waitMs = own.messages.delayFor(now);
    if (waitMs > 0) return { limit: "messagesPerSecond", waitMs };
    waitMs = user.bytes.delayFor(now, bytes);
    if (waitMs > 0) return { limit: "userBytesPerSecond", waitMs };
    waitMs = user.messages.consume(now);
    if (waitMs > 0) return { limit: "userMessagesPerSecond", waitMs };
    user.bytes.consume(now, bytes);
    own.messages.consume(now);
    own.bytes.consume(now, bytes);
    return undefined;
  }

  /**
   * Takes the tokens of a frame that is not refused for its rate, also where there are too few: later frames wait for them.
   *
   * @returns the time until there would have been enough, in ms
   */
  chargeFrame(connection: Connection, bytes: number): number {
    const now = this.#clock.now();
    let waitMs = 0;
    for (const buckets of [this.#bucketsOf(connection), this.#userBucketsOf(connection, now)]) {
      waitMs = Math.max(
        waitMs,
        buckets.bytes?.delayFor(now, bytes) ?? 0,
        buckets.messages?.delayFor(now) ?? 0,
      );
      buckets.bytes?.charge(now, bytes);
      buckets.messages?.charge(now, 1);
    }
    return waitMs;
  }

  /**
   * Charges the byte rates of a connection and its user for the issues that a schema found in a message, up to one burst; the
   * next messages then wait.
   */
  chargeFor(connection: Connection, error: HalyardError): void {
    if (!(error instanceof InvalidMessageError)) return;
    const { byteBurst, userByteBurst } = this.#limits;
    const bytes = error.issueCount * ISSUE_BYTES;
    const now = this.#clock.now();
    this.#bucketsOf(connection).bytes?.charge(now, Math.min(bytes, byteBurst));
    this.#userBucketsOf(connection, now).bytes.charge(now, Math.min(bytes, userByteBurst));
  }

  /** The buckets and counters that all connections of a user share. */
  userBucketsOf(connection: Connection): UserBuckets {
    return connection.userBuckets ?? this.#userBucketsOf(connection, this.#clock.now());
  }

  /** Counts a message against the rate of its type: chat, typing and joins have one. Requests for users use {@link takeUserPage}. */
  takeForType(connection: Connection, type: string): Exceeded | undefined {
    const limits = this.#limits;
    const now = this.#clock.now();
    const own = this.#bucketsOf(connection);
    if (type === "typing_indicator") {
      own.typing ??= new TokenBucket(limits.typingPerSecond, limits.typingBurst, now);
      const waitMs = own.typing.consume(now);
      return waitMs > 0 ? { limit: "messagesPerSecond", waitMs } : undefined;
    }
    if (type === "chat_message") return this.#takeChat(connection, own, now);
    return type === "join" ? this.#takeList(connection, "joins", now) : undefined;
  }

  /** Counts a request for a page of users. Like a join, it is answered with up to 200 users. */
  takeUserPage(connection: Connection): Exceeded | undefined {
    return this.#takeList(connection, "userPages", this.#clock.now());
  }

  /** @returns how many of `count` rooms of a hello may be joined now */
  takeHelloRooms(connection: Connection, count: number): number {
    const { joinsPerSecond, rooms } = this.#limits;
    const now = this.#clock.now();
    const user = this.#userBucketsOf(connection, now);
    user.helloRooms ??= new TokenBucket(joinsPerSecond, HELLO_ROOMS * rooms, now);
    let granted = 0;
    while (granted < count && user.helloRooms.consume(now) === 0) granted++;
    return granted;
  }

  /** Counts bytes against the rate of what all clients together send into a channel. */
  takeForChannel(channel: string, bytes: number): Exceeded | undefined {
    const { channelBytesPerSecond, channelByteBurst } = this.#limits;
    const now = this.#clock.now();
    let bucket = this.#channels.get(channel);
    if (bucket === undefined) {
      bucket = new TokenBucket(channelBytesPerSecond, channelByteBurst, now);
      this.#channels.set(channel, bucket);
    }
    const waitMs = bucket.consume(now, bytes);
    return waitMs > 0 ? { limit: "channelBytesPerSecond", waitMs } : undefined;
  }

  /** Waits until a message is within the rate of its channel. */
  paceChannel(connection: Connection, channel: string, bytes: number): MaybePromise<void> {
    return this.#delayUntil(connection, () => this.takeForChannel(channel, bytes));
  }

  takePing(connection: Connection): Exceeded | undefined {
    const limits = this.#limits;
    const now = this.#clock.now();
    const buckets = this.#bucketsOf(connection);
    buckets.pings ??= new TokenBucket(limits.pingsPerSecond, limits.pingsPerSecond, now);
    const waitMs = buckets.pings.consume(now);
    return waitMs > 0 ? { limit: "pingsPerSecond", waitMs } : undefined;
  }

  /** Waits until the buckets have recovered from what {@link chargeFor} charged after a message was accepted. */
  paceCharged(connection: Connection): MaybePromise<void> {
    return this.#delayUntil(connection, () => this.#debtOf(connection));
  }

  /** Waits until a message of a v1 client is within its rates. Such a message is never rejected for its rate. */
  pace(
    connection: Connection,
    message: { readonly type: string; readonly unpaidBytes: number },
  ): MaybePromise<void> {
    const paying =
      message.unpaidBytes > 0
        ? this.#delayUntil(connection, () => this.takeFrame(connection, message.unpaidBytes))
        : undefined;
    return andThen<void, void>(paying, () =>
      this.#delayUntil(connection, () => this.takeForType(connection, message.type)),
    );
  }

  /**
   * Forgets the users and channels whose buckets are full again. Called between messages.
   *
   * @param connections all connections of this node; each looks up its user's buckets again with its next message
   */
  sweep(connections: Iterable<Connection>): void {
    const now = this.#clock.now();
    this.#users.sweep(now);
    for (const [channel, bucket] of this.#channels) if (isFull(bucket, now)) this.#channels.delete(channel);
    for (const connection of connections)
      if (connection.userBuckets?.isForgotten === true) connection.userBuckets = undefined;
  }

  #takeChat(connection: Connection, own: Buckets, now: number): Exceeded | undefined {
    const limits = this.#limits;
    const user = this.#userBucketsOf(connection, now);
    own.chat ??= new TokenBucket(limits.chatPerSecond, limits.chatBurst, now);
    user.chat ??= new TokenBucket(limits.userChatPerSecond, limits.userChatBurst, now);
    let waitMs = own.chat.delayFor(now);
    if (waitMs > 0) return { limit: "chatPerSecond", waitMs };
    waitMs = user.chat.consume(now);
    if (waitMs > 0) return { limit: "userChatPerSecond", waitMs };
    own.chat.consume(now);
    return undefined;
  }

  #takeList(connection: Connection, kind: "joins" | "userPages", now: number): Exceeded | undefined {
    const limits = this.#limits;
    const own = this.#bucketsOf(connection);
    const user = this.#userBucketsOf(connection, now);
    own[kind] ??= new TokenBucket(limits.joinsPerSecond, limits.joinBurst, now);
    user[kind] ??= new TokenBucket(limits.userJoinsPerSecond, limits.userJoinBurst, now);
    let waitMs = own[kind].delayFor(now);
    if (waitMs > 0) return { limit: "joinsPerSecond", waitMs };
    waitMs = user[kind].consume(now);
    if (waitMs > 0) return { limit: "userJoinsPerSecond", waitMs };
    own[kind].consume(now);
    return undefined;
  }

  #debtOf(connection: Connection): Exceeded | undefined {
    const now = this.#clock.now();
    const own = connection.buckets?.bytes?.delayFor(now, 0) ?? 0;
    if (own > 0) return { limit: "bytesPerSecond", waitMs: own };
    const waitMs = connection.userBuckets?.bytes.delayFor(now, 0) ?? 0;
    return waitMs > 0 ? { limit: "userBytesPerSecond", waitMs } : undefined;
  }

  #delayUntil(connection: Connection, take: () => Exceeded | undefined): MaybePromise<void> {
    const exceeded = take();
    return exceeded && this.#delayFor(connection, exceeded, take);
  }

  async #delayFor(connection: Connection, first: Exceeded, take: () => Exceeded | undefined): Promise<void> {
    // Many messages may wait for the same bucket: one that does not get its tokens tries again less and less often.
    let leastMs = 0;
    for (let exceeded: Exceeded | undefined = first; exceeded !== undefined; exceeded = take()) {
      const waitMs = Math.max(leastMs, exceeded.waitMs);
      leastMs = Math.min(100, 2 * leastMs + 5);
      await new Promise<void>((resolve) => {
        connection.sendQueue.delayTimer = this.#clock.setTimeout(resolve, waitMs);
      });
    }
  }

  #bucketsOf(connection: Connection): Buckets {
    connection.buckets ??= {
      messages: undefined,
      bytes: undefined,
      chat: undefined,
      joins: undefined,
      userPages: undefined,
      typing: undefined,
      pings: undefined,
    };
    return connection.buckets;
  }

  #userBucketsOf(connection: Connection, now: number): UserBuckets {
    return (connection.userBuckets ??= this.#users.of(connection.userId, now));
  }
}

// The token buckets of users. All connections of a user to this node share one set.
// Called by RateLimits for the first frame of a connection, and by Heartbeat on each tick.
// Guarantees: a reconnect gives no new tokens; a user whose buckets are full is not stored.
import { TokenBucket } from "@halyard/protocol/internal";
import type { ServerLimits } from "../limits.ts";

/** The token buckets of one user. Those of chat and joins are created by the first message that they limit. */
export class UserBuckets {
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  chat: TokenBucket | undefined = undefined;
  joins: TokenBucket | undefined = undefined;
  userPages: TokenBucket | undefined = undefined;
  helloRooms: TokenBucket | undefined = undefined;
  /** How many sends wait or run, including those of closed connections, which drain no faster than the rates allow. */
  waitingSends = 0;
  /** The table no longer has these buckets, so connections must not use them again. */
  isForgotten = false;

  constructor(limits: ServerLimits, now: number) {
    this.messages = new TokenBucket(limits.userMessagesPerSecond, limits.userMessageBurst, now);
    this.bytes = new TokenBucket(limits.userBytesPerSecond, limits.userByteBurst, now);
  }

  isFull(now: number): boolean {
    return (
      this.waitingSends === 0 &&
      isFull(this.bytes, now) &&
      isFull(this.messages, now) &&
      isFull(this.chat, now) &&
      isFull(this.joins, now) &&
      isFull(this.userPages, now) &&
      isFull(this.helloRooms, now)
    );
  }
}

/** The users whose buckets are not full. */
export class UserBucketTable {
  readonly #limits: ServerLimits;
  readonly #byUser = new Map<string, UserBuckets>();

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byUser.size;
  }

  of(userId: string, now: number): UserBuckets {
    let buckets = this.#byUser.get(userId);
    if (buckets === undefined) {
      buckets = new UserBuckets(this.#limits, now);
      this.#byUser.set(userId, buckets);
    }
    return buckets;
  }

  /** Forgets the users whose buckets are full again. */
  sweep(now: number): void {
    for (const [userId, buckets] of this.#byUser) {
      if (!buckets.isFull(now)) continue;
      buckets.isForgotten = true;
      this.#byUser.delete(userId);
    }
  }
}

export function isFull(bucket: TokenBucket | undefined, now: number): boolean {
  return bucket === undefined || bucket.delayFor(now, Infinity) === 0;
}

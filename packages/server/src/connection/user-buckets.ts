// The token buckets of users. Each user has one set, which all their connections to this node share.
// Called by RateLimits for the first frame of a connection, and by Heartbeat once a tick.
// Guarantees: a reconnect gives no new tokens; a user whose buckets are full is not stored.
import { TokenBucket } from "@halyard/protocol/internal";
import type { ServerLimits } from "../limits.ts";

/** The token buckets of one user; those of chat and joins are created by the first message that they limit. */
export class UserBuckets {
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  chat: TokenBucket | undefined = undefined;
  joins: TokenBucket | undefined = undefined;
  userPages: TokenBucket | undefined = undefined;
  helloRooms: TokenBucket | undefined = undefined;
  /** Sends that wait or run, on closed connections as well: these drain no faster than the rates. */
  waitingSends = 0;
  /** Nothing is stored of this user any more: a connection must not take from these buckets again. */
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

import { addressBucketKey } from "../security/ip-address.ts";
import type { ServerLimits } from "../limits.ts";
import { KeyedRateLimiter } from "../utils/keyed-rate-limiter.ts";
import type { LimitName } from "../security-event.ts";
import type { Clock } from "../types.ts";

/** Why somebody has to wait at the gate, and for how long. */
export interface RateLimited {
  readonly limit: LimitName;
  readonly retryAfterMs: number;
}

/**
 * Keeps the way to authentication free: counts handshakes under way, what each address was refused, and what each user
 * was granted. Asked before anything costs anything.
 */
export class UpgradeLimiter {
  readonly #limits: ServerLimits;
  readonly #rejected: KeyedRateLimiter;
  readonly #accepted: KeyedRateLimiter;
  /** Handshakes under way, by place. */
  readonly #handshakesPerAddress = new Map<string, number>();
  #handshakes = 0;

  constructor(clock: Clock, limits: ServerLimits) {
    this.#limits = limits;
    this.#rejected = new KeyedRateLimiter(clock, {
      perSecond: limits.refusedUpgradesPerSecond,
      burst: limits.refusedUpgradeBurst,
    });
    this.#accepted = new KeyedRateLimiter(clock, {
      perSecond: limits.acceptedUpgradesPerSecond,
      burst: limits.acceptedUpgradeBurst,
    });
  }

  get handshakes(): number {
    return this.#handshakes;
  }

  /** Addresses and users whose rates are remembered. */
  get tracked(): number {
    return this.#rejected.size + this.#accepted.size;
  }

  /** Begins a handshake, which must {@link end}, unless it says why not. */
  begin(address: string | undefined): RateLimited | undefined {
    if (this.#handshakes >= this.#limits.handshakes) return { limit: "handshakes", retryAfterMs: 1_000 };
    if (address !== undefined) {
      const bucketKey = addressBucketKey(address);
      const retryAfterMs = this.#rejected.waitFor(bucketKey);
      if (retryAfterMs > 0) return { limit: "refusedUpgradesPerSecond", retryAfterMs };
      const underWay = this.#handshakesPerAddress.get(bucketKey) ?? 0;
      if (underWay >= this.#limits.handshakesPerAddress)
        return { limit: "handshakesPerAddress", retryAfterMs: 1_000 };
      this.#handshakesPerAddress.set(bucketKey, underWay + 1);
    }
    this.#handshakes++;
    return undefined;
  }

  end(address: string | undefined): void {
    this.#handshakes--;
    if (address === undefined) return;
    const bucketKey = addressBucketKey(address);
    const left = (this.#handshakesPerAddress.get(bucketKey) ?? 1) - 1;
    if (left === 0) this.#handshakesPerAddress.delete(bucketKey);
    else this.#handshakesPerAddress.set(bucketKey, left);
  }

  /** Somebody was turned away who did not say who they are, or nothing that makes sense. */
  countRejection(address: string | undefined): void {
    if (address !== undefined) this.#rejected.take(addressBucketKey(address));
  }

  /** What {@link admit} would say. */
  waitFor(userId: string): RateLimited | undefined {
    return toRateLimited(this.#accepted.waitFor(userId));
  }

  /** Lets a user open another connection, unless they have opened too many just now. */
  admit(userId: string): RateLimited | undefined {
    return toRateLimited(this.#accepted.take(userId));
  }

  stop(): void {
    this.#rejected.stop();
    this.#accepted.stop();
  }
}

function toRateLimited(retryAfterMs: number): RateLimited | undefined {
  return retryAfterMs === 0 ? undefined : { limit: "acceptedUpgradesPerSecond", retryAfterMs };
}

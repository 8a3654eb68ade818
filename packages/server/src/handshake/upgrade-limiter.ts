// Limits of upgrades: handshakes under way, rejections per address, accepted upgrades per user.
// Called by UpgradeGuard before a handshake and after it, and by UpgradeHandler once the user is known.
// Guarantees: a request above a limit is rejected before any code of the application runs.
import { addressBucketKey } from "../security/ip-address.ts";
import type { ServerLimits } from "../limits.ts";
import { KeyedRateLimiter } from "../utils/keyed-rate-limiter.ts";
import type { LimitName } from "../security-event.ts";
import type { Clock } from "../types.ts";

/** Which limit rejects an upgrade, and when a client may try again. */
export interface RateLimited {
  readonly limit: LimitName;
  /** Milliseconds. */
  readonly retryAfterMs: number;
}

/** Counts upgrades against the limits. */
export class UpgradeLimiter {
  readonly #limits: ServerLimits;
  readonly #eventLoop: { readonly lagMs: number };
  readonly #rejected: KeyedRateLimiter;
  readonly #accepted: KeyedRateLimiter;
  /** Handshakes under way, by {@link addressBucketKey}. */
  readonly #handshakesPerAddress = new Map<string, number>();
  #handshakes = 0;

  /** @param eventLoop its `lagMs` says how late this process is */
  constructor(clock: Clock, limits: ServerLimits, eventLoop: { readonly lagMs: number }) {
    this.#limits = limits;
    this.#eventLoop = eventLoop;
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

  /** How many addresses and users have a stored rate. */
  get tracked(): number {
    return this.#rejected.size + this.#accepted.size;
  }

  /** Begins a handshake, which {@link end} must end. @returns the limit that rejects it, if one does */
  begin(address: string | undefined): RateLimited | undefined {
    if (this.#handshakes >= this.#limits.handshakes) return { limit: "handshakes", retryAfterMs: 1_000 };
    if (this.#eventLoop.lagMs > this.#limits.sheddingLagMs)
      return { limit: "sheddingLagMs", retryAfterMs: 1_000 };
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
    const remaining = (this.#handshakesPerAddress.get(bucketKey) ?? 1) - 1;
    if (remaining === 0) this.#handshakesPerAddress.delete(bucketKey);
    else this.#handshakesPerAddress.set(bucketKey, remaining);
  }

  /** Counts a rejection for which the client is to blame: it is not authenticated, or its request is malformed. */
  countRejection(address: string | undefined): void {
    if (address !== undefined) this.#rejected.take(addressBucketKey(address));
  }

  /** What {@link admit} would return, without counting an upgrade. */
  waitFor(userId: string): RateLimited | undefined {
    return toRateLimited(this.#accepted.waitFor(userId));
  }

  /** Counts an upgrade of a user. @returns the limit that rejects it, if one does */
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

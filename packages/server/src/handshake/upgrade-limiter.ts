import { placeOf } from "../security/ip-address.ts";
import type { ServerLimits } from "../limits.ts";
import { RateTable } from "../utils/keyed-rate-limiter.ts";
import type { LimitName } from "../security-event.ts";
import type { Clock } from "../types.ts";

/** Why somebody has to wait at the gate, and for how long. */
export interface Queue {
  readonly limit: LimitName;
  readonly retryAfterMs: number;
}

/**
 * Keeps the way to authentication free: counts handshakes under way, what each address was refused, and what each user
 * was granted. Asked before anything costs anything.
 */
export class UpgradeGate {
  readonly #limits: ServerLimits;
  readonly #refused: RateTable;
  readonly #accepted: RateTable;
  /** Handshakes under way, by place. */
  readonly #underWay = new Map<string, number>();
  #handshakes = 0;

  constructor(clock: Clock, limits: ServerLimits) {
    this.#limits = limits;
    this.#refused = new RateTable(clock, {
      perSecond: limits.refusedUpgradesPerSecond,
      burst: limits.refusedUpgradeBurst,
    });
    this.#accepted = new RateTable(clock, {
      perSecond: limits.acceptedUpgradesPerSecond,
      burst: limits.acceptedUpgradeBurst,
    });
  }

  get handshakes(): number {
    return this.#handshakes;
  }

  /** Addresses and users whose rates are remembered. */
  get tracked(): number {
    return this.#refused.size + this.#accepted.size;
  }

  /** Begins a handshake, which must {@link leave}, unless it says why not. */
  enter(address: string | undefined): Queue | undefined {
    if (this.#handshakes >= this.#limits.handshakes) return { limit: "handshakes", retryAfterMs: 1_000 };
    if (address !== undefined) {
      const place = placeOf(address);
      const retryAfterMs = this.#refused.waitFor(place);
      if (retryAfterMs > 0) return { limit: "refusedUpgradesPerSecond", retryAfterMs };
      const underWay = this.#underWay.get(place) ?? 0;
      if (underWay >= this.#limits.handshakesPerAddress)
        return { limit: "handshakesPerAddress", retryAfterMs: 1_000 };
      this.#underWay.set(place, underWay + 1);
    }
    this.#handshakes++;
    return undefined;
  }

  leave(address: string | undefined): void {
    this.#handshakes--;
    if (address === undefined) return;
    const place = placeOf(address);
    const left = (this.#underWay.get(place) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(place);
    else this.#underWay.set(place, left);
  }

  /** Somebody was turned away who did not say who they are, or nothing that makes sense. */
  countRefusal(address: string | undefined): void {
    if (address !== undefined) this.#refused.take(placeOf(address));
  }

  /** What {@link admit} would say. */
  waitFor(userId: string): Queue | undefined {
    return toQueue(this.#accepted.waitFor(userId));
  }

  /** Lets a user open another connection, unless they have opened too many just now. */
  admit(userId: string): Queue | undefined {
    return toQueue(this.#accepted.take(userId));
  }

  stop(): void {
    this.#refused.stop();
    this.#accepted.stop();
  }
}

function toQueue(retryAfterMs: number): Queue | undefined {
  return retryAfterMs === 0 ? undefined : { limit: "acceptedUpgradesPerSecond", retryAfterMs };
}

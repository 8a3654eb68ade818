// Limits of upgrades: handshakes under way, rejections per client, upgrades per user.
// Called by UpgradeGuard before a handshake and after it, and by UpgradeHandler once the user is known.
// Guarantees: a request above a limit is rejected before any code of the application runs.
import type { ServerLimits } from "../limits.ts";
import type { GetHeader, RequestSource } from "../security/client-address.ts";
import { KeyedRateLimiter } from "../utils/keyed-rate-limiter.ts";
import { isOfOtherSite } from "../security/web-origin.ts";
import { hashOf } from "../utils/text-digest.ts";
import type { LimitName } from "../security-event.ts";
import type { Clock } from "../types.ts";

/** Which limit rejects an upgrade, and when a client may try again. */
export interface RateLimited {
  readonly limit: LimitName;
  /** Milliseconds. */
  readonly retryAfterMs: number;
}

/** A request, as the limits see it. */
export interface LimitedRequest {
  readonly source: RequestSource;
  /** Pages that nobody has let in have tries of their own: their visitor's address is not to blame for them. */
  readonly isOfUnknownPage: boolean;
}

/** A request whose credential names a known user. */
export interface CredentialAdmission {
  readonly userId: string;
  /** The limit that rejects it; undefined where it is counted. */
  readonly rateLimited: RateLimited | undefined;
}

const MAX_CREDENTIALS = 10_000;

/** How many clients a proxy that is not in `trustProxy` may have behind it, in its rate of rejections. */
const CLIENTS_PER_PROXY = 20;

/** Counts upgrades against the limits. */
export class UpgradeLimiter {
  readonly #limits: ServerLimits;
  readonly #eventLoop: { readonly lagMs: number };
  /** By the key of the client. */
  readonly #rejected: KeyedRateLimiter;
  /** By the key of the address, for clients that a header tells apart. */
  readonly #rejectedOfProxy: KeyedRateLimiter;
  readonly #accepted: KeyedRateLimiter;
  /** Handshakes under way, by the key of the address. */
  readonly #handshakesPerAddress = new Map<string, number>();
  /** The users of the latest credentials that were above the limit of their user, by {@link credentialKey}. */
  readonly #limitedCredentials = new Map<number, string>();
  #handshakes = 0;

  /** @param eventLoop its `lagMs` says how late this process is */
  constructor(clock: Clock, limits: ServerLimits, eventLoop: { readonly lagMs: number }) {
    this.#limits = limits;
    this.#eventLoop = eventLoop;
    const { refusedUpgradesPerSecond: perSecond, refusedUpgradeBurst: burst } = limits;
    this.#rejected = new KeyedRateLimiter(clock, { perSecond, burst });
    this.#rejectedOfProxy = new KeyedRateLimiter(clock, {
      perSecond: perSecond * CLIENTS_PER_PROXY,
      burst: burst * CLIENTS_PER_PROXY,
    });
    this.#accepted = new KeyedRateLimiter(clock, {
      perSecond: limits.acceptedUpgradesPerSecond,
      burst: limits.acceptedUpgradeBurst,
    });
  }

  get handshakes(): number {
    return this.#handshakes;
  }

  /** How many clients and users have a stored rate. */
  get tracked(): number {
    return this.#rejected.size + this.#rejectedOfProxy.size + this.#accepted.size;
  }

  /** Begins a handshake, which {@link end} must end. @returns the limit that rejects it, if one does */
  begin(request: LimitedRequest): RateLimited | undefined {
    if (this.#handshakes >= this.#limits.handshakes) return { limit: "handshakes", retryAfterMs: 1_000 };
    if (this.#eventLoop.lagMs > this.#limits.sheddingLagMs)
      return { limit: "sheddingLagMs", retryAfterMs: 1_000 };
    const retryAfterMs = this.#waitForRejections(request);
    if (retryAfterMs > 0) return { limit: "refusedUpgradesPerSecond", retryAfterMs };
    const { addressKey } = request.source;
    if (addressKey !== undefined) {
      const underWay = this.#handshakesPerAddress.get(addressKey) ?? 0;
      if (underWay >= this.#limits.handshakesPerAddress)
        return { limit: "handshakesPerAddress", retryAfterMs: 1_000 };
      this.#handshakesPerAddress.set(addressKey, underWay + 1);
    }
    this.#handshakes++;
    return undefined;
  }

  end({ addressKey }: RequestSource): void {
    this.#handshakes--;
    if (addressKey === undefined) return;
    const remaining = (this.#handshakesPerAddress.get(addressKey) ?? 1) - 1;
    if (remaining === 0) this.#handshakesPerAddress.delete(addressKey);
    else this.#handshakesPerAddress.set(addressKey, remaining);
  }

  /** Counts a rejection for which the client is to blame: it is not authenticated, or its request is malformed. */
  countRejection({ source, isOfUnknownPage }: LimitedRequest): void {
    const { addressKey, clientKey } = source;
    if (clientKey !== undefined) this.#rejected.take(isOfUnknownPage ? keyOfPages(clientKey) : clientKey);
    if (addressKey !== undefined && clientKey !== addressKey) this.#rejectedOfProxy.take(addressKey);
  }

  /**
   * Counts a request whose credential is one of a user who was above the limit: its user is known without a read of the store.
   *
   * @returns undefined for any other request
   */
  admitCredential(source: RequestSource, header: GetHeader): CredentialAdmission | undefined {
    if (this.#limitedCredentials.size === 0) return undefined;
    const userId = this.#limitedCredentials.get(credentialKey(source, header) ?? -1);
    return userId === undefined ? undefined : { userId, rateLimited: this.#take(userId) };
  }

  /**
   * Counts an upgrade of a user, or a plain GET in its place. A user who goes on above the limit, each time with a
   * credential that is not known yet, uses up the tries of the client.
   *
   * @returns the limit that rejects it, if one does
   */
  admitUser(userId: string, request: LimitedRequest, header: GetHeader): RateLimited | undefined {
    const rateLimited = this.#take(userId);
    if (rateLimited === undefined) return undefined;
    this.countRejection(request);
    const key = credentialKey(request.source, header);
    if (key !== undefined) this.#remember(key, userId);
    return rateLimited;
  }

  #remember(key: number, userId: string): void {
    const credentials = this.#limitedCredentials;
    credentials.delete(key);
    credentials.set(key, userId);
    if (credentials.size <= MAX_CREDENTIALS) return;
    for (const oldest of credentials.keys()) {
      credentials.delete(oldest);
      return;
    }
  }

  #take(userId: string): RateLimited | undefined {
    const retryAfterMs = this.#accepted.take(userId);
    return retryAfterMs === 0 ? undefined : { limit: "acceptedUpgradesPerSecond", retryAfterMs };
  }

  #waitForRejections({ source, isOfUnknownPage }: LimitedRequest): number {
    const { addressKey, clientKey } = source;
    const keys =
      clientKey === undefined ? [] : [clientKey, ...(isOfUnknownPage ? [keyOfPages(clientKey)] : [])];
    const waitMs = Math.max(0, ...keys.map((key) => this.#rejected.waitFor(key)));
    if (waitMs > 0 || addressKey === undefined || clientKey === addressKey) return waitMs;
    return this.#rejectedOfProxy.waitFor(addressKey);
  }

  stop(): void {
    this.#rejected.stop();
    this.#rejectedOfProxy.stop();
    this.#accepted.stop();
    this.#limitedCredentials.clear();
  }
}

function keyOfPages(clientKey: string): string {
  return `${clientKey} pages`;
}

/**
 * 53 bits of what a request presents, from which nothing can be read again. The client is part of it, because a
 * cookie may be the same for many users whom another header tells apart.
 */
function credentialKey({ clientKey }: RequestSource, header: GetHeader): number | undefined {
  const presented = [header("cookie"), header("authorization"), header("x-api-key"), ticketOf(header)];
  if (presented.every((value) => (value ?? undefined) === undefined)) return undefined;
  // A page of another site that is refused must not use up what the user may do, with an image, too.
  return hashOf([clientKey, header("origin") ?? isOfOtherSite(header), ...presented].join("\n"));
}

/** The offers of subprotocols but for the protocol's name, which a plain GET does not send. */
function ticketOf(header: GetHeader): string | undefined {
  const [ticket] = /halyard\.ticket\.[^,\s]*/.exec(header("sec-websocket-protocol") ?? "") ?? [];
  return ticket;
}

// Limits upgrades: running handshakes, rejections per client, upgrades per user.
// Called by UpgradeGuard before and after a handshake, and by UpgradeHandler once the user is known.
// Guarantee: a request above a limit is rejected before any code of the application runs.
import type { ServerLimits } from "../limits.ts";
import type { GetHeader, RequestSource } from "../security/client-address.ts";
import { KeyedRateLimiter } from "../utils/keyed-rate-limiter.ts";
import { isOfOtherSite } from "../security/web-origin.ts";
import { hashOf } from "../utils/text-digest.ts";
import type { LimitName } from "../security-event.ts";
import type { Clock } from "../types.ts";

/** The limit that rejects an upgrade, and when the client may try again. */
export interface RateLimited {
  readonly limit: LimitName;
  /** How long the client must wait, in ms. */
  readonly retryAfterMs: number;
}

/** A request as the limits read it. */
export interface LimitedRequest {
  readonly source: RequestSource;
  /**
   * Whether a browser sent it for a page that was never allowed. Such requests are counted separately, because the
   * visitor is not to blame.
   */
  readonly isOfUnknownPage: boolean;
}

/** A request whose credential names a known user. */
export interface CredentialAdmission {
  readonly userId: string;
  /** The limit that rejects the request; undefined if it was counted. */
  readonly rateLimited: RateLimited | undefined;
}

const MAX_CREDENTIALS = 10_000;

/** By how much the rate of rejections of a proxy outside `trustProxy` exceeds that of one client. */
const CLIENTS_PER_PROXY = 20;

/** Counts upgrades against the limits. */
export class UpgradeLimiter {
  readonly #limits: ServerLimits;
  readonly #eventLoop: { readonly lagMs: number };
  /** The rejections by client key. */
  readonly #rejected: KeyedRateLimiter;
  /** The rejections by address key, of clients that are told apart by a header. */
  readonly #rejectedOfProxy: KeyedRateLimiter;
  readonly #accepted: KeyedRateLimiter;
  /** The running handshakes by address key. */
  readonly #handshakesPerAddress = new Map<string, number>();
  /** The users of credentials that were recently above their user's limit, by {@link credentialKey}. */
  readonly #limitedCredentials = new Map<number, string>();
  #handshakes = 0;

  /** @param eventLoop its `lagMs` tells how late this process is */
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

  /** Begins a handshake, which {@link end} must end. @returns the limit that rejects it, if any */
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

  /** Counts a rejection for which the client is to blame: it was not authenticated, or its request was malformed. */
  countRejection({ source, isOfUnknownPage }: LimitedRequest): void {
    const { addressKey, clientKey } = source;
    if (clientKey !== undefined) this.#rejected.take(isOfUnknownPage ? keyOfPages(clientKey) : clientKey);
    if (addressKey !== undefined && clientKey !== addressKey) this.#rejectedOfProxy.take(addressKey);
  }

  /**
   * Counts a request with the credential of a user who was above the limit: the user is then known without asking the session store.
   *
   * @returns undefined for any other request
   */
  admitCredential(source: RequestSource, header: GetHeader): CredentialAdmission | undefined {
    if (this.#limitedCredentials.size === 0) return undefined;
    const userId = this.#limitedCredentials.get(credentialKey(source, header) ?? -1);
    return userId === undefined ? undefined : { userId, rateLimited: this.#take(userId) };
  }

  /**
   * Counts an upgrade of a user, or a plain GET in its place. A user who continues above the limit, each time with a
   * new credential, uses up the client's rate of rejections.
   *
   * @returns the limit that rejects it, if any
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
 * A 53-bit hash of the credentials of a request, which cannot be reversed. The client is part of it, because a
 * cookie may be the same for many users who differ by another header.
 */
function credentialKey({ clientKey }: RequestSource, header: GetHeader): number | undefined {
  const presented = [header("cookie"), header("authorization"), header("x-api-key"), ticketOf(header)];
  if (presented.every((value) => (value ?? undefined) === undefined)) return undefined;
  // A refused page of another site must not use up the user's rate, not even with an image.
  return hashOf([clientKey, header("origin") ?? isOfOtherSite(header), ...presented].join("\n"));
}

/** The offered subprotocols without the protocol's name, which a plain GET does not send. */
function ticketOf(header: GetHeader): string | undefined {
  const [ticket] = /halyard\.ticket\.[^,\s]*/.exec(header("sec-websocket-protocol") ?? "") ?? [];
  return ticket;
}

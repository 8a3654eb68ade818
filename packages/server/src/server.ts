// From an HTTP request to the answer of its upgrade: everything that is decided before 101.
// Called by the glue of each runtime, node/node-server.ts and bun.ts.
// Guarantees: an answer never throws or rejects; a request that cannot be accepted for certain is rejected.
import type { UpgradeDetails } from "./connection/upgrade-details.ts";
import type { SessionWatches } from "./connection/session-watches.ts";
import type { AcceptedUpgrade, ConnectionSlots } from "./handshake/admission.ts";
import { connectionLimitRejection } from "./handshake/admission.ts";
import { callAuthenticator } from "./handshake/authentication.ts";
import { offersSubprotocol } from "./handshake/subprotocol.ts";
import type { UpgradeGuard } from "./handshake/upgrade-guard.ts";
import type { UpgradeLimiter } from "./handshake/upgrade-limiter.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import { headersOf, rejection, rejectRateLimited, retryAfter } from "./handshake/upgrade-rejection.ts";
import { RequestWithClientAddress } from "./handshake/upgrade-request.ts";
import type { ServerLimits } from "./limits.ts";
import type { ClientAddress, GetHeader } from "./security/client-address.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import type { GuestIdentity, UpgradeRequest } from "./types.ts";
import { andThen, recover } from "./utils/maybe-promise.ts";
import type { MaybePromise } from "./utils/maybe-promise.ts";

/** What {@link UpgradeHandler} uses. */
export interface UpgradeHandlerParts {
  /** The system's authenticator, for requests whose runtime names no other. */
  readonly authenticate: AnyAuthenticator | undefined;
  readonly clientAddress: ClientAddress;
  readonly guard: UpgradeGuard;
  readonly slots: ConnectionSlots;
  readonly sessionWatches: SessionWatches;
  readonly limits: Pick<ServerLimits, "subprotocols">;
}

/** Decides which upgrade requests become connections. */
export class UpgradeHandler {
  readonly #parts: UpgradeHandlerParts;
  /** Set when the server drains: every request is rejected with 503. */
  isDraining = false;

  constructor(parts: UpgradeHandlerParts) {
    this.#parts = parts;
  }

  get limiter(): UpgradeLimiter {
    return this.#parts.guard.limiter;
  }

  /** Never throws or rejects. Answers in the same turn unless the authenticator or the backplane gives a promise. */
  handleUpgrade(
    request: UpgradeRequest,
    authenticator = this.#parts.authenticate,
    header = headersOf(request),
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const located = this.#locate(request, header);
    if (!(located instanceof RequestWithClientAddress)) return located;
    const rejected = this.#begin(located);
    if (rejected !== undefined) return rejected;
    const offers = header("sec-websocket-protocol") ?? null;
    const { guard } = this.#parts;
    const decide = () => this.#decide(located, authenticator, offers);
    return guard.end(
      located,
      recover(decide, (error) => guard.rejectionFrom(error)),
    );
  }

  /**
   * Answers a plain GET: with the rejection that an upgrade would get, or with 426 where an upgrade would be accepted.
   * Pages of trusted origins may read the answer. Never rejects.
   */
  async probe(request: UpgradeRequest, authenticator?: AnyAuthenticator): Promise<UpgradeRejection> {
    const located = this.#locate(request, headersOf(request));
    if (!(located instanceof RequestWithClientAddress)) return located;
    const used = authenticator ?? this.#parts.authenticate;
    const answer = this.#begin(located) ?? (await this.#parts.guard.end(located, this.#probe(located, used)));
    return this.#withCors(answer, located, used);
  }

  /** Rejects a request that is no valid handshake. Never throws. */
  rejectEarly(
    request: UpgradeRequest,
    answer: UpgradeRejection,
    header = headersOf(request),
  ): UpgradeRejection {
    const located = this.#locate(request, header);
    return located instanceof RequestWithClientAddress ? this.#parts.guard.record(located, answer) : located;
  }

  /** Ends the timers of the handshakes. */
  stop(): void {
    this.#parts.guard.stop();
  }

  /** Gives back the slot of a connection that never opened. */
  abandon(accepted: AcceptedUpgrade): void {
    this.#parts.slots.abandon(accepted);
  }

  /**
   * The address is resolved now and kept: a socket that has closed has none.
   *
   * @returns a rejection when `trustProxy` failed
   */
  #locate(request: UpgradeRequest, header: GetHeader): RequestWithClientAddress | UpgradeRejection {
    const { clientAddress, guard } = this.#parts;
    try {
      return new RequestWithClientAddress(request, clientAddress.resolve(request.remoteAddress, header));
    } catch (error) {
      return guard.rejectionFrom(error, "trustProxy");
    }
  }

  #begin(request: UpgradeRequest): UpgradeRejection | undefined {
    const { guard } = this.#parts;
    if (this.isDraining) return guard.record(request, rejection(503, "draining", retryAfter(1_000)));
    return guard.begin(request);
  }

  #decide(
    request: RequestWithClientAddress,
    authenticator: AnyAuthenticator | undefined,
    offers: string | null,
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const { guard, limits, sessionWatches } = this.#parts;
    const isV1 = offersSubprotocol(offers, limits.subprotocols);
    if (typeof isV1 === "string") return rejection(400, isV1);
    // The watch begins before the session is read: no change of the session after the read is missed.
    const watch = sessionWatches.watchOf(authenticator);
    const authenticatedAt = guard.date();
    const identity = callAuthenticator(authenticator, request);
    return andThen(identity, (known) => this.#admit(request, known, { isV1, watch, authenticatedAt }));
  }

  #admit(
    request: RequestWithClientAddress,
    identity: GuestIdentity | null,
    upgrade: Pick<UpgradeDetails, "isV1" | "watch" | "authenticatedAt">,
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const { guard, slots } = this.#parts;
    if (identity === null) return rejection(401, "unauthenticated");
    request.awaits = "backplane";
    const userId = identity.user.id;
    const rateLimited = guard.limiter.admit(userId);
    if (rateLimited !== undefined) return { ...rejectRateLimited(rateLimited), userId };
    return slots.reserveForUpgrade(request, identity, upgrade);
  }

  async #probe(
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): Promise<UpgradeRejection> {
    const { guard, slots } = this.#parts;
    try {
      const identity = await callAuthenticator(authenticator, request);
      if (identity === null) return rejection(401, "unauthenticated");
      const userId = identity.user.id;
      const rateLimited = guard.limiter.waitFor(userId);
      if (rateLimited !== undefined) return { ...rejectRateLimited(rateLimited), userId };
      return slots.isFull(identity)
        ? connectionLimitRejection(userId)
        : rejection(426, undefined, { upgrade: "websocket" });
    } catch (error) {
      return guard.rejectionFrom(error);
    }
  }

  /**
   * A browser shows a page the status of another origin only when the answer has these headers. A `trustsOrigin` that
   * fails is answered with 503, as a failing authenticator.
   */
  async #withCors(
    answer: UpgradeRejection,
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): Promise<UpgradeRejection> {
    const { guard } = this.#parts;
    const origin = request.headers.get("origin");
    if (origin === null || typeof authenticator !== "object" || this.isDraining) return answer;
    try {
      const isTrusted = await guard.withDeadline(authenticator.trustsOrigin?.(origin, request) ?? false);
      if (!guard.isYes("trustsOrigin", isTrusted)) return answer;
    } catch (error) {
      guard.reportTimeout(error, "trustsOrigin");
      return guard.rejectionFrom(error, "trustsOrigin");
    }
    const cors = { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" };
    return { ...answer, headers: { ...answer.headers, ...cors, vary: "origin" } };
  }
}

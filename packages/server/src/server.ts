// Answers upgrade requests: makes every decision before 101.
// Called by the adapter of each runtime, node/node-server.ts and bun.ts.
// Guarantees: answering never throws or rejects; in case of doubt, a request is rejected.
import type { SessionWatches } from "./connection/session-watches.ts";
import type { AcceptedUpgrade, ConnectionSlots } from "./handshake/admission.ts";
import { messageIdOf } from "@halyard/protocol/wire";
import { callAuthenticator } from "./handshake/authentication.ts";
import { offersSubprotocol } from "./handshake/subprotocol.ts";
import type { OriginRule } from "./handshake/origin-rule.ts";
import type { UpgradeGuard } from "./handshake/upgrade-guard.ts";
import type { RateLimited, UpgradeLimiter } from "./handshake/upgrade-limiter.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import {
  headersOf,
  METHOD_NOT_ALLOWED,
  PREFLIGHT,
  rejection,
  isRateLimited,
  rejectRateLimited,
  retryAfter,
} from "./handshake/upgrade-rejection.ts";
import { LocatedRequest, TICKET_HEADER, withTicketOffer } from "./handshake/upgrade-request.ts";
import type { ServerLimits } from "./limits.ts";
import type { ClientAddress, GetHeader, IncomingRequest } from "./security/client-address.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import type { GuestIdentity } from "./types.ts";
import { andThen, recover } from "./utils/maybe-promise.ts";
import type { MaybePromise } from "./utils/maybe-promise.ts";

/** The dependencies of {@link UpgradeHandler}. */
export interface UpgradeHandlerParts {
  /** The system's authenticator, used if the runtime passes no other. */
  readonly authenticate: AnyAuthenticator | undefined;
  readonly clientAddress: ClientAddress;
  readonly guard: UpgradeGuard;
  readonly originRule: OriginRule;
  readonly slots: ConnectionSlots;
  readonly sessionWatches: SessionWatches;
  readonly limits: Pick<ServerLimits, "subprotocols">;
}

/** Decides which upgrade requests become connections. */
export class UpgradeHandler {
  readonly #parts: UpgradeHandlerParts;
  /** Set when the server drains: then every request is rejected with 503. */
  isDraining = false;

  constructor(parts: UpgradeHandlerParts) {
    this.#parts = parts;
  }

  /** The system's authenticator. */
  get authenticator(): AnyAuthenticator | undefined {
    return this.#parts.authenticate;
  }

  get limiter(): UpgradeLimiter {
    return this.#parts.guard.limiter;
  }

  /** Never throws or rejects. Answers in the same turn unless the authenticator or the backplane returns a promise. */
  handleUpgrade(
    request: IncomingRequest,
    authenticator = this.#parts.authenticate,
    header = headersOf(request),
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const located = this.#locate(request, header);
    if (!(located instanceof LocatedRequest)) return located;
    const pending = { request: located, authenticator, header };
    return this.#bounded(pending, () => this.#decide(pending));
  }

  /**
   * Answers a plain GET with the rejection that an upgrade would get, or with 426 if an upgrade would be accepted.
   * Pages of trusted origins may read the answer. Never rejects.
   */
  async probe(request: IncomingRequest, authenticator = this.#parts.authenticate): Promise<UpgradeRejection> {
    return this.#answer(withTicketOffer(request), authenticator, (pending) => this.#probe(pending));
  }

  /** Answers a request that is not an upgrade: a plain GET, or the CORS preflight of one. */
  async answerPlain(
    method: string | undefined,
    request: IncomingRequest,
    authenticator = this.#parts.authenticate,
  ): Promise<UpgradeRejection> {
    if (method === "GET") return this.probe(request, authenticator);
    const isPreflight = method === "OPTIONS" && request.headers.has("access-control-request-method");
    return isPreflight
      ? this.#answer(request, authenticator, (pending) => this.#answerPreflight(pending))
      : this.rejectEarly(request, METHOD_NOT_ALLOWED);
  }

  /** Rejects a request that is not a valid handshake, within the limits of handshakes. Never throws. */
  rejectEarly(
    request: IncomingRequest,
    answer: UpgradeRejection,
    header = headersOf(request),
  ): UpgradeRejection {
    const located = this.#locate(request, header);
    if (!(located instanceof LocatedRequest)) return located;
    const { guard } = this.#parts;
    return guard.begin(located) ?? guard.finish(located, answer);
  }

  /** Stops the timers of the handshakes. */
  stop(): void {
    this.#parts.guard.stop();
  }

  /** Releases the slot of a connection that never opened. */
  abandon(accepted: AcceptedUpgrade): void {
    this.#parts.slots.abandon(accepted);
  }

  /**
   * Resolves and keeps the address now, because a closed socket has none.
   *
   * @returns a rejection when `trustProxy` failed
   */
  #locate(request: IncomingRequest, header: GetHeader): LocatedRequest | UpgradeRejection {
    const { clientAddress, guard, originRule } = this.#parts;
    try {
      return new LocatedRequest(request, clientAddress.locate(request, header), (located) =>
        originRule.isOfUnknownPage(located, header),
      );
    } catch (error) {
      return guard.rejectionFrom(error, "trustProxy");
    }
  }

  async #answer(
    request: IncomingRequest,
    authenticator: AnyAuthenticator | undefined,
    decide: (pending: PendingRequest) => MaybePromise<UpgradeRejection>,
  ): Promise<UpgradeRejection> {
    const header = headersOf(request);
    const located = this.#locate(request, header);
    if (!(located instanceof LocatedRequest)) return located;
    const pending = { request: located, authenticator, header };
    return this.#withCors(await this.#bounded(pending, () => decide(pending)), pending);
  }

  /** Answers within the limits of handshakes. An error of the application becomes a rejection. */
  #bounded<TAnswer extends AcceptedUpgrade | UpgradeRejection>(
    { request }: PendingRequest,
    answer: () => MaybePromise<TAnswer | UpgradeRejection>,
  ): MaybePromise<TAnswer | UpgradeRejection> {
    const { guard } = this.#parts;
    if (this.isDraining) return guard.record(request, DRAINING);
    const rejected = guard.begin(request);
    if (rejected !== undefined) return rejected;
    return guard.end<TAnswer | UpgradeRejection>(
      request,
      recover(answer, (error) => guard.rejectionFrom(error)),
    );
  }

  #decide(pending: PendingRequest): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const { guard, limits, sessionWatches, slots } = this.#parts;
    const isV1 = offersSubprotocol(pending.header("sec-websocket-protocol") ?? null, limits.subprotocols);
    if (typeof isV1 === "string") return rejection(400, isV1);
    // The watch begins before the session is read, so that no later change of the session is missed.
    const watch = sessionWatches.watchOf(pending.authenticator);
    const authenticatedAt = guard.now();
    return andThen(this.#identify(pending), (identity) =>
      "user" in identity
        ? slots.reserveForUpgrade(pending.request, identity, { isV1, watch, authenticatedAt })
        : identity,
    );
  }

  /** Answers a CORS preflight. If the origin is not known, it counts as an attempt, because the application is asked about the origin. */
  #answerPreflight(pending: PendingRequest): UpgradeRejection {
    const { guard, originRule } = this.#parts;
    if (!originRule.isKnown(pending.header("origin") ?? "", pending))
      guard.limiter.countRejection(pending.request);
    return PREFLIGHT;
  }

  #probe(pending: PendingRequest): MaybePromise<UpgradeRejection> {
    return andThen(this.#identify(pending), (identity) => {
      if (!("user" in identity)) return identity;
      return andThen(
        this.#parts.slots.probe(pending.request, identity),
        (rejected) => userAnswer(pending.request, identity, rejected) ?? rejected ?? WOULD_BE_ACCEPTED,
      );
    });
  }

  /** Identifies the user of a request. Checks that need no code of the application come first. */
  #identify(pending: PendingRequest): MaybePromise<GuestIdentity | UpgradeRejection> {
    const { request, authenticator, header } = pending;
    const { guard, originRule } = this.#parts;
    const known = guard.limiter.admitCredential(request.source, header);
    if (known?.rateLimited !== undefined) return rejectUser(known.rateLimited, known.userId);
    request.awaits = "allowedOrigins";
    const accepts = (): MaybePromise<boolean | UpgradeRejection> => originRule.accepts(pending);
    const accepted = recover(accepts, (error) => guard.rejectionFrom(error, originRule.option));
    return andThen(accepted, (isAccepted) => {
      if (typeof isAccepted === "object") return isAccepted;
      if (!isAccepted) return rejection(403, "forbidden");
      request.awaits = "authenticate";
      return andThen(callAuthenticator(authenticator, request), (identity) => {
        // The node may have begun to end meanwhile.
        if (this.isDraining) return DRAINING;
        if (identity === null) return rejection(401, "unauthenticated");
        request.awaits = "backplane";
        originRule.acceptedUser(pending);
        const userId = identity.user.id;
        if (userId === known?.userId) return identity;
        const rateLimited = guard.limiter.admitUser(userId, request, header);
        return rateLimited === undefined ? identity : rejectUser(rateLimited, userId);
      });
    });
  }

  /** Whether pages of this origin may read the answer. A preflight of a known origin calls no application code: the next request does. */
  #mayRead(answer: UpgradeRejection, origin: string, pending: PendingRequest): MaybePromise<boolean> {
    const { originRule } = this.#parts;
    if (isRateLimited(answer)) return originRule.isKnown(origin, pending);
    return (
      (answer === PREFLIGHT && originRule.isKnown(origin, pending)) || originRule.allows(origin, pending)
    );
  }

  /**
   * Adds the headers without which a browser hides the status from a page of another origin. If a function of the
   * application fails here, the answer is 503, as for a failing authenticator; above a limit it is not called.
   */
  async #withCors(answer: UpgradeRejection, pending: PendingRequest): Promise<UpgradeRejection> {
    const { guard, originRule } = this.#parts;
    const origin = pending.header("origin") ?? undefined;
    if (origin === undefined || this.isDraining) return answer;
    try {
      const isAllowed = await guard.withDeadline(this.#mayRead(answer, origin, pending));
      if (!isAllowed) return answer;
    } catch (error) {
      return guard.rejectionFrom(error, originRule.option);
    }
    const cors = {
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      "access-control-allow-headers": TICKET_HEADER,
      "access-control-expose-headers": "halyard, halyard-user, retry-after",
    };
    return { ...answer, headers: { ...answer.headers, ...cors, vary: "origin" } };
  }
}

const DRAINING = rejection(503, "draining", retryAfter(1_000));
const WOULD_BE_ACCEPTED = rejection(426, undefined, { upgrade: "websocket" });

/** The answer to a tab that asks who its user is, to find the tabs of this user that share a connection. */
function userAnswer(
  { url }: LocatedRequest,
  { user }: GuestIdentity,
  rejected: UpgradeRejection | undefined,
): UpgradeRejection | undefined {
  const isNamed = rejected === undefined || rejected.reason === "maxConnectionsPerUser";
  if (!isNamed || !/[?&]halyard=user(&|$)/.test(url)) return undefined;
  // Not an error status, because browsers print those to the console. A hash, because an id may be any text and proxies log headers.
  return rejection(200, undefined, { "halyard-user": messageIdOf(user.id, 0) });
}

/** A request, a function that reads its headers, and its authenticator. */
interface PendingRequest {
  readonly request: LocatedRequest;
  readonly header: GetHeader;
  readonly authenticator: AnyAuthenticator | undefined;
}

function rejectUser(rateLimited: RateLimited, userId: string): UpgradeRejection {
  return { ...rejectRateLimited(rateLimited), userId };
}

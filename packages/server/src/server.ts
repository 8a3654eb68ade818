import type { AnyAuthenticator } from "./session-watch.ts";
import { HalyardError } from "@halyard/protocol/wire";
import type { Admission, ClientRef } from "./backplane.ts";
import { ClientAddress } from "./security/client-address.ts";
import type { ServerContext } from "./assembly.ts";
import { isThenable, withDeadline } from "./utils/with-deadline.ts";
import { unwrapResolved } from "./utils/maybe-promise.ts";
import type { MaybePromise } from "./utils/maybe-promise.ts";
import type { UpgradeDetails } from "./connection/accepted-upgrade.ts";
import type { GetHeader } from "./security/client-address.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import {
  headersOf,
  rejection,
  rejectionFrom,
  rejectRateLimited,
  retryAfter,
} from "./handshake/upgrade-rejection.ts";
import type { GuestIdentity, Identity, UpgradeRequest } from "./types.ts";
import { toData } from "./connection/socket-data.ts";
import type { SocketData } from "./connection/socket-data.ts";
import { RequestWithClientAddress } from "./handshake/upgrade-request.ts";
import { clientFromUrl, offersSubprotocol } from "./handshake/subprotocol.ts";
import { UpgradeLimiter } from "./handshake/upgrade-limiter.ts";

/** An upgrade that is let in: what the socket carries as `data`, and what the manager must know of it. */
export interface AcceptedUpgrade {
  readonly data: SocketData;
  readonly details: UpgradeDetails;
}

type Upgrade = Pick<UpgradeDetails, "isV1" | "watch">;

/** The way from an HTTP request to an admitted connection: everything that is decided before 101. */
export class UpgradeHandler {
  readonly #core: ServerContext;
  readonly #limiter: UpgradeLimiter;
  readonly #address: ClientAddress;
  isDraining = false;

  constructor(core: ServerContext) {
    this.#core = core;
    this.#limiter = new UpgradeLimiter(core.clock, core.limits);
    this.#address = new ClientAddress(core.config.trustProxy, core.logger);
  }

  get limiter(): UpgradeLimiter {
    return this.#limiter;
  }

  /** Never rejects: whoever cannot be let in for sure is refused. Without a promise where nothing is waited for. */
  handleUpgrade(
    request: UpgradeRequest,
    authenticator = this.#core.config.authenticate,
    header = headersOf(request),
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const authentication = this.#withClientAddress(request, header);
    const rejected = this.#acquire(authentication);
    if (rejected !== undefined) return rejected;
    const offers = header("sec-websocket-protocol") ?? null;
    return this.#release(authentication, this.#handleUpgrade(authentication, authenticator, offers));
  }

  /** What a plain GET is told: what an upgrade would get, or 426 when it would be let in. Trusted origins may read it. */
  async probe(request: UpgradeRequest, authenticator?: AnyAuthenticator): Promise<UpgradeRejection> {
    const authentication = this.#withClientAddress(request, headersOf(request));
    const used = authenticator ?? this.#core.config.authenticate;
    const answer =
      this.#acquire(authentication) ??
      (await this.#release(authentication, this.#probe(authentication, used)));
    return this.#withCors(answer, authentication, used);
  }

  /** Refuses what is no handshake at all. */
  rejectEarly(
    request: UpgradeRequest,
    answer: UpgradeRejection,
    header = headersOf(request),
  ): UpgradeRejection {
    return this.#recordRejection(this.#withClientAddress(request, header), answer);
  }

  /** The same request with the address of its client, which is kept: a socket that is gone has none. */
  #withClientAddress(request: UpgradeRequest, header: GetHeader): UpgradeRequest {
    const value = this.#address.resolve(request.remoteAddress, header);
    return new RequestWithClientAddress(request, value);
  }

  /** Begins a handshake, unless it says why not: not too many at a time. */
  #acquire(request: UpgradeRequest): UpgradeRejection | undefined {
    if (this.isDraining) return this.#recordRejection(request, rejection(503, "draining", retryAfter(1_000)));
    const wait = this.#limiter.begin(request.remoteAddress);
    return wait && this.#recordRejection(request, rejectRateLimited(wait));
  }

  /** Ends a handshake, which never throws or rejects; and none lasts for ever. */
  #release<TAnswer extends AcceptedUpgrade | UpgradeRejection>(
    request: UpgradeRequest,
    running: MaybePromise<TAnswer>,
  ): MaybePromise<TAnswer | UpgradeRejection> {
    if (running instanceof Promise) return this.#releaseAfter(request, running);
    this.#limiter.end(request.remoteAddress);
    return isRejection(running) ? this.#recordRejection(request, running) : running;
  }

  async #releaseAfter<TAnswer extends AcceptedUpgrade | UpgradeRejection>(
    request: UpgradeRequest,
    running: Promise<TAnswer>,
  ): Promise<TAnswer | UpgradeRejection> {
    const { clock, limits } = this.#core;
    try {
      const answer = await withDeadline(running, { clock, ms: limits.handshakeMs });
      return isRejection(answer) ? this.#recordRejection(request, answer) : answer;
    } catch (error) {
      // Only the deadline rejects. What is granted after it is given back.
      void running.then((late) => {
        if (!isRejection(late)) this.abandon(late);
      });
      return this.#recordRejection(request, rejectionFrom(error));
    } finally {
      this.#limiter.end(request.remoteAddress);
    }
  }

  #recordRejection({ remoteAddress: address }: UpgradeRequest, answer: UpgradeRejection): UpgradeRejection {
    const { reason, status: code, userId } = answer;
    if (reason === undefined) return answer;
    if (code === 400 || code === 401 || code === 403 || code === 405) this.#limiter.countRejection(address);
    this.#core.securityReporter.record({ kind: "upgrade_refused", reason, code }, { address, userId });
    return answer;
  }

  #handleUpgrade(
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
    offers: string | null,
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    try {
      const isV1 = offersSubprotocol(offers, this.#core.limits.subprotocols);
      if (typeof isV1 === "string") return rejection(400, isV1);
      // Watched from before the look-up: nothing that happens to the session afterwards is missed.
      const watch = this.#core.sessionWatches.watchOf(authenticator);
      const identity = this.#authenticate(request, authenticator);
      const options = { isV1, watch };
      const accepted =
        identity instanceof Promise
          ? this.#admitAsync(request, identity, options)
          : this.#admit(request, identity, options);
      return accepted instanceof Promise ? this.#rejectOnError(accepted) : accepted;
    } catch (error) {
      return this.#rejectionFrom(error);
    }
  }

  async #rejectOnError<TAnswer>(running: Promise<TAnswer>): Promise<TAnswer | UpgradeRejection> {
    try {
      return await running;
    } catch (error) {
      return this.#rejectionFrom(error);
    }
  }

  async #admitAsync(
    request: UpgradeRequest,
    identity: Promise<GuestIdentity | null>,
    options: Upgrade,
  ): Promise<AcceptedUpgrade | UpgradeRejection> {
    return this.#admit(request, await identity, options);
  }

  #admit(
    request: UpgradeRequest,
    identity: GuestIdentity | null,
    options: Upgrade,
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    if (identity === null) return rejection(401, "unauthenticated");
    const wait = this.#limiter.admit(identity.user.id);
    if (wait !== undefined) return { ...rejectRateLimited(wait), userId: identity.user.id };
    return this.#reserveSlot(request, identity, options);
  }

  async #probe(
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): Promise<UpgradeRejection> {
    try {
      const identity = await this.#authenticate(request, authenticator);
      if (identity === null) return rejection(401, "unauthenticated");
      const { id: userId } = identity.user;
      const wait = this.#limiter.waitFor(userId);
      if (wait !== undefined) return { ...rejectRateLimited(wait), userId };
      return this.#isFull(identity)
        ? connectionLimitRejection(userId)
        : rejection(426, undefined, { upgrade: "websocket" });
    } catch (error) {
      return this.#rejectionFrom(error);
    }
  }

  /** A browser shows a status to a page of another origin only when it is told to. */
  async #withCors(
    answer: UpgradeRejection,
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): Promise<UpgradeRejection> {
    const origin = request.headers.get("origin");
    if (origin === null || typeof authenticator !== "object" || this.isDraining) return answer;
    const { clock, limits } = this.#core;
    const authentication = authenticator.trustsOrigin?.(origin, request) ?? false;
    const isTrusted = await withDeadline(authentication, { clock, ms: limits.handshakeMs }).catch(
      () => false,
    );
    if (!isTrusted) return answer;
    const cors = { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" };
    return { ...answer, headers: { ...answer.headers, ...cors, vary: "origin" } };
  }

  /** Gives back the place of a connection that never opened. */
  abandon({ data, details }: AcceptedUpgrade): void {
    const { user } = details.client;
    const connection = {
      op: "-",
      room: undefined,
      user,
      connectionId: data.connectionId,
      graceMs: 0,
    } as const;
    this.#core.backplane.applyPresence([connection]).catch((error: unknown) => {
      this.#core.report(error, { type: "backplane", ws: undefined });
    });
  }

  #authenticate(
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): MaybePromise<GuestIdentity | null> {
    if (authenticator === undefined) {
      throw new TypeError("authenticate is missing: pass it to createWebSocketSystem or to the attach call");
    }
    const authentication =
      typeof authenticator === "function" ? authenticator(request) : authenticator.authenticate(request);
    return isThenable(authentication)
      ? Promise.resolve(authentication).then(assertIdentity)
      : assertIdentity(authentication);
  }

  #reserveSlot(
    { url, remoteAddress: address }: UpgradeRequest,
    identity: GuestIdentity,
    { isV1, watch }: Upgrade,
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const { backplane, config } = this.#core;
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit: policy = "reject" } = config;
    const connectionId = this.#core.nextConnectionId();
    const query = isV1 ? clientFromUrl(url) : undefined;
    const user = identity.user.id;
    const client: ClientRef = { user, client: query?.clientId ?? connectionId };
    const attempt = query?.attempt ?? 1;
    const details: UpgradeDetails = {
      connectionId,
      address,
      identity,
      isV1,
      client,
      attempt,
      watch,
      transport: undefined,
      admission: undefined,
    };
    const accepted: AcceptedUpgrade = { data: toData(identity, connectionId, isV1), details };
    if (typeof policy === "function") return accepted;
    const authentication = { user, client: client.client, attempt, connectionId, limit, policy };
    const answer = unwrapResolved(backplane.admit(authentication));
    return answer instanceof Promise
      ? applyAdmissionAsync(accepted, answer)
      : applyAdmission(accepted, answer);
  }

  #isFull({ user }: GuestIdentity): boolean {
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit = "reject" } = this.#core.config;
    return onConnectionLimit === "reject" && this.#core.connections.countOf(user.id) >= limit;
  }

  #rejectionFrom(error: unknown): UpgradeRejection {
    if (!(error instanceof HalyardError)) this.#core.report(error, { type: "authenticate", ws: undefined });
    return rejectionFrom(error);
  }
}

function applyAdmission(accepted: AcceptedUpgrade, admission: Admission): AcceptedUpgrade | UpgradeRejection {
  const { details } = accepted;
  // An older attempt is let in to be told by its close code: a browser could not read a status.
  const isAdmitted = admission.admitted || admission.reason === "superseded";
  details.admission = admission;
  return isAdmitted ? accepted : connectionLimitRejection(details.client.user);
}

async function applyAdmissionAsync(
  accepted: AcceptedUpgrade,
  admission: Promise<Admission>,
): Promise<AcceptedUpgrade | UpgradeRejection> {
  return applyAdmission(accepted, await admission);
}

function connectionLimitRejection(userId: string): UpgradeRejection {
  return { ...rejection(429, "maxConnectionsPerUser", retryAfter(5_000)), userId };
}

function assertIdentity(identity: Identity | null): Identity | null {
  if (identity === null || isIdentity(identity)) return identity;
  throw new TypeError("authenticate gave something without a user.id");
}

function isIdentity(value: unknown): boolean {
  const user = (value as { readonly user?: { readonly id?: unknown } | null } | undefined)?.user;
  return typeof user?.id === "string" && user.id !== "";
}

export function isRejection(answer: AcceptedUpgrade | UpgradeRejection): answer is UpgradeRejection {
  return "status" in answer;
}

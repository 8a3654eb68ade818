import { HalyardError } from "@halyard/protocol/wire";
import type { Admission, ClientRef } from "./backplane.ts";
import { ClientAddress } from "./security/client-address.ts";
import type { Core } from "./messages/server-context.ts";
import { isThenable, withDeadline } from "./utils/with-deadline.ts";
import { here } from "./utils/maybe-promise.ts";
import type { Eventual } from "./utils/maybe-promise.ts";
import type { Opening } from "./connection/accepted-upgrade.ts";
import type { HeaderLookup, Refusal } from "./handshake/upgrade-rejection.ts";
import { lookUpIn, refusal, refuseError, refuseQueued, retryAfter } from "./handshake/upgrade-rejection.ts";
import type {
  AuthenticateFunction,
  Authenticator,
  GuestIdentity,
  Identity,
  UpgradeRequest,
} from "./types.ts";
import { toData } from "./connection/socket-data.ts";
import type { SocketData } from "./connection/socket-data.ts";
import { LocatedRequest } from "./handshake/upgrade-request.ts";
import { clientOf, offersV1 } from "./handshake/subprotocol.ts";
import { UpgradeGate } from "./handshake/upgrade-limiter.ts";

/** An upgrade that is let in: what the socket carries as `data`, and what the manager must know of it. */
export interface Welcomed {
  readonly data: SocketData;
  readonly opening: Opening;
}

type Upgrade = Pick<Opening, "isV1" | "watch">;

export type AnyAuthenticator = Authenticator | AuthenticateFunction;

/** The way from an HTTP request to an admitted connection: everything that is decided before 101. */
export class UpgradeDesk {
  readonly #core: Core;
  readonly #gate: UpgradeGate;
  readonly #address: ClientAddress;
  isDraining = false;

  constructor(core: Core) {
    this.#core = core;
    this.#gate = new UpgradeGate(core.clock, core.limits);
    this.#address = new ClientAddress(core.config.trustProxy, core.logger);
  }

  get gate(): UpgradeGate {
    return this.#gate;
  }

  /** Never rejects: whoever cannot be let in for sure is refused. Without a promise where nothing is waited for. */
  receive(
    request: UpgradeRequest,
    authenticator = this.#core.config.authenticate,
    header = lookUpIn(request),
  ): Eventual<Welcomed | Refusal> {
    const asked = this.#located(request, header);
    const turnedAway = this.#enter(asked);
    if (turnedAway !== undefined) return turnedAway;
    const offers = header("sec-websocket-protocol") ?? null;
    return this.#leave(asked, this.#receive(asked, authenticator, offers));
  }

  /** What a plain GET is told: what an upgrade would get, or 426 when it would be let in. Trusted origins may read it. */
  async probe(request: UpgradeRequest, authenticator?: AnyAuthenticator): Promise<Refusal> {
    const asked = this.#located(request, lookUpIn(request));
    const used = authenticator ?? this.#core.config.authenticate;
    const answer = this.#enter(asked) ?? (await this.#leave(asked, this.#probe(asked, used)));
    return this.#readable(answer, asked, used);
  }

  /** Refuses what is no handshake at all. */
  turnAway(request: UpgradeRequest, answer: Refusal, header = lookUpIn(request)): Refusal {
    return this.#refused(this.#located(request, header), answer);
  }

  /** The same request with the address of its client, which is kept: a socket that is gone has none. */
  #located(request: UpgradeRequest, header: HeaderLookup): UpgradeRequest {
    const value = this.#address.of(request.remoteAddress, header);
    return new LocatedRequest(request, value);
  }

  /** Begins a handshake, unless it says why not: not too many at a time. */
  #enter(request: UpgradeRequest): Refusal | undefined {
    if (this.isDraining) return this.#refused(request, refusal(503, "draining", retryAfter(1_000)));
    const queue = this.#gate.enter(request.remoteAddress);
    return queue && this.#refused(request, refuseQueued(queue));
  }

  /** Ends a handshake, which never throws or rejects; and none lasts for ever. */
  #leave<TAnswer extends Welcomed | Refusal>(
    request: UpgradeRequest,
    running: Eventual<TAnswer>,
  ): Eventual<TAnswer | Refusal> {
    if (running instanceof Promise) return this.#leaveLater(request, running);
    this.#gate.leave(request.remoteAddress);
    return isRefusal(running) ? this.#refused(request, running) : running;
  }

  async #leaveLater<TAnswer extends Welcomed | Refusal>(
    request: UpgradeRequest,
    running: Promise<TAnswer>,
  ): Promise<TAnswer | Refusal> {
    const { clock, limits } = this.#core;
    try {
      const answer = await withDeadline(running, { clock, ms: limits.handshakeMs });
      return isRefusal(answer) ? this.#refused(request, answer) : answer;
    } catch (error) {
      // Only the deadline rejects. What is granted after it is given back.
      void running.then((late) => {
        if (!isRefusal(late)) this.release(late);
      });
      return this.#refused(request, refuseError(error));
    } finally {
      this.#gate.leave(request.remoteAddress);
    }
  }

  #refused({ remoteAddress: address }: UpgradeRequest, answer: Refusal): Refusal {
    const { reason, status: code, userId } = answer;
    if (reason === undefined) return answer;
    if (code === 400 || code === 401 || code === 403 || code === 405) this.#gate.countRefusal(address);
    this.#core.security.note({ kind: "upgrade_refused", reason, code }, { address, userId });
    return answer;
  }

  #receive(
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
    offers: string | null,
  ): Eventual<Welcomed | Refusal> {
    try {
      const isV1 = offersV1(offers, this.#core.limits.subprotocols);
      if (typeof isV1 === "string") return refusal(400, isV1);
      // Watched from before the look-up: nothing that happens to the session afterwards is missed.
      const watch = this.#core.sessions.watchOf(authenticator);
      const identity = this.#identify(request, authenticator);
      const how = { isV1, watch };
      const admitted =
        identity instanceof Promise
          ? this.#admitLater(request, identity, how)
          : this.#admit(request, identity, how);
      return admitted instanceof Promise ? this.#unlessFailing(admitted) : admitted;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  async #unlessFailing<TAnswer>(running: Promise<TAnswer>): Promise<TAnswer | Refusal> {
    try {
      return await running;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  async #admitLater(
    request: UpgradeRequest,
    identity: Promise<GuestIdentity | null>,
    how: Upgrade,
  ): Promise<Welcomed | Refusal> {
    return this.#admit(request, await identity, how);
  }

  #admit(
    request: UpgradeRequest,
    identity: GuestIdentity | null,
    how: Upgrade,
  ): Eventual<Welcomed | Refusal> {
    if (identity === null) return refusal(401, "unauthenticated");
    const queue = this.#gate.admit(identity.user.id);
    if (queue !== undefined) return { ...refuseQueued(queue), userId: identity.user.id };
    return this.#place(request, identity, how);
  }

  async #probe(request: UpgradeRequest, authenticator: AnyAuthenticator | undefined): Promise<Refusal> {
    try {
      const identity = await this.#identify(request, authenticator);
      if (identity === null) return refusal(401, "unauthenticated");
      const { id: userId } = identity.user;
      const queue = this.#gate.waitFor(userId);
      if (queue !== undefined) return { ...refuseQueued(queue), userId };
      return this.#isFull(identity) ? tooMany(userId) : refusal(426, undefined, { upgrade: "websocket" });
    } catch (error) {
      return this.#refuse(error);
    }
  }

  /** A browser shows a status to a page of another origin only when it is told to. */
  async #readable(
    answer: Refusal,
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): Promise<Refusal> {
    const origin = request.headers.get("origin");
    if (origin === null || typeof authenticator !== "object" || this.isDraining) return answer;
    const { clock, limits } = this.#core;
    const asked = authenticator.trustsOrigin?.(origin, request) ?? false;
    const isTrusted = await withDeadline(asked, { clock, ms: limits.handshakeMs }).catch(() => false);
    if (!isTrusted) return answer;
    const cors = { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" };
    return { ...answer, headers: { ...answer.headers, ...cors, vary: "origin" } };
  }

  /** Gives back the place of a connection that never opened. */
  release({ data, opening }: Welcomed): void {
    const { user } = opening.client;
    const gone = { op: "-", room: undefined, user, connectionId: data.connectionId, graceMs: 0 } as const;
    this.#core.backplane.applyPresence([gone]).catch((error: unknown) => {
      this.#core.report(error, { type: "backplane", ws: undefined });
    });
  }

  #identify(
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): Eventual<GuestIdentity | null> {
    if (authenticator === undefined) {
      throw new TypeError("authenticate is missing: pass it to createWebSocketSystem or to the attach call");
    }
    const asked =
      typeof authenticator === "function" ? authenticator(request) : authenticator.authenticate(request);
    return isThenable(asked) ? Promise.resolve(asked).then(checked) : checked(asked);
  }

  #place(
    { url, remoteAddress: address }: UpgradeRequest,
    identity: GuestIdentity,
    { isV1, watch }: Upgrade,
  ): Eventual<Welcomed | Refusal> {
    const { backplane, config } = this.#core;
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit: policy = "reject" } = config;
    const connectionId = this.#core.nextConnectionId();
    const said = isV1 ? clientOf(url) : undefined;
    const user = identity.user.id;
    const client: ClientRef = { user, client: said?.clientId ?? connectionId };
    const attempt = said?.attempt ?? 1;
    const opening: Opening = {
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
    const welcomed: Welcomed = { data: toData(identity, connectionId, isV1), opening };
    if (typeof policy === "function") return welcomed;
    const asked = { user, client: client.client, attempt, connectionId, limit, policy };
    const answer = here(backplane.admit(asked));
    return answer instanceof Promise ? placedLater(welcomed, answer) : placed(welcomed, answer);
  }

  #isFull({ user }: GuestIdentity): boolean {
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit = "reject" } = this.#core.config;
    return onConnectionLimit === "reject" && this.#core.table.countOf(user.id) >= limit;
  }

  #refuse(error: unknown): Refusal {
    if (!(error instanceof HalyardError)) this.#core.report(error, { type: "authenticate", ws: undefined });
    return refuseError(error);
  }
}

function placed(welcomed: Welcomed, admission: Admission): Welcomed | Refusal {
  const { opening } = welcomed;
  // An older attempt is let in to be told by its close code: a browser could not read a status.
  const isIn = admission.admitted || admission.reason === "superseded";
  opening.admission = admission;
  return isIn ? welcomed : tooMany(opening.client.user);
}

async function placedLater(welcomed: Welcomed, admission: Promise<Admission>): Promise<Welcomed | Refusal> {
  return placed(welcomed, await admission);
}

function tooMany(userId: string): Refusal {
  return { ...refusal(429, "maxConnectionsPerUser", retryAfter(5_000)), userId };
}

function checked(identity: Identity | null): Identity | null {
  if (identity === null || isIdentity(identity)) return identity;
  throw new TypeError("authenticate gave something without a user.id");
}

function isIdentity(value: unknown): boolean {
  const user = (value as { readonly user?: { readonly id?: unknown } | null } | undefined)?.user;
  return typeof user?.id === "string" && user.id !== "";
}

export function isRefusal(answer: Welcomed | Refusal): answer is Refusal {
  return "status" in answer;
}

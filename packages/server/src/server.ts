import { CLIENT_ID, HalyardError, SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Admission, ClientRef } from "./backplane.js";
import { ClientAddress } from "./client-address.js";
import type { Core } from "./core.js";
import { isThenable, withDeadline } from "./deadline.js";
import { after, attempt } from "./eventual.js";
import type { Eventual } from "./eventual.js";
import type { Opening } from "./lifecycle.js";
import type { HeaderLookup, Refusal } from "./refusal.js";
import { refusal, refuseError, refuseQueued, retryAfter } from "./refusal.js";
import type {
  AuthenticateFunction,
  Authenticator,
  GuestIdentity,
  Identity,
  UpgradeRequest,
  WebSocketData,
} from "./types.js";
import { UpgradeGate } from "./upgrade-gate.js";

/** An upgrade that is let in: what the socket carries as `data`, and what the manager must know of it. */
export interface Welcomed {
  readonly data: WebSocketData & { readonly connectionId: string };
  readonly opening: Opening;
}

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
    header: HeaderLookup = (name) => request.headers.get(name),
  ): Eventual<Welcomed | Refusal> {
    const asked = this.#located(request, header);
    const offers = header("sec-websocket-protocol") ?? null;
    return this.#handshake(asked, () => this.#receive(asked, { authenticator, offers }));
  }

  /** What a plain GET is told: what an upgrade would get, or 426 when it would be let in. Trusted origins may read it. */
  async probe(request: UpgradeRequest, authenticator?: AnyAuthenticator): Promise<Refusal> {
    const asked = this.#located(request, (name) => request.headers.get(name));
    const used = authenticator ?? this.#core.config.authenticate;
    const answer = await this.#handshake(asked, () => this.#probe(asked, used));
    return this.#readable(answer, asked, used);
  }

  /** Refuses what is no handshake at all. */
  turnAway(
    request: UpgradeRequest,
    answer: Refusal,
    header: HeaderLookup = (name) => request.headers.get(name),
  ): Refusal {
    return this.#refused(this.#located(request, header), answer);
  }

  /** The same request with the address of its client, which is kept: a socket that is gone has none. */
  #located(request: UpgradeRequest, header: HeaderLookup): UpgradeRequest {
    const value = this.#address.of(request.remoteAddress, header);
    return new LocatedRequest(request, value);
  }

  /** Runs a handshake, which never throws or rejects: not too many at a time, and none for ever. */
  #handshake<TAnswer extends Welcomed | Refusal>(
    request: UpgradeRequest,
    run: () => Eventual<TAnswer>,
  ): Eventual<TAnswer | Refusal> {
    if (this.isDraining) return this.#refused(request, refusal(503, "draining", retryAfter(1_000)));
    const queue = this.#gate.enter(request.remoteAddress);
    if (queue !== undefined) return this.#refused(request, refuseQueued(queue));
    const running = run();
    if (running instanceof Promise) return this.#awaited(request, running);
    this.#gate.leave(request.remoteAddress);
    return isRefusal(running) ? this.#refused(request, running) : running;
  }

  async #awaited<TAnswer extends Welcomed | Refusal>(
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
    asked: { readonly authenticator: AnyAuthenticator | undefined; readonly offers: string | null },
  ): Eventual<Welcomed | Refusal> {
    return attempt<Welcomed | Refusal>(
      () => {
        const { authenticator, offers } = asked;
        const isV1 = offersV1(offers, this.#core.limits.subprotocols);
        if (typeof isV1 === "string") return refusal(400, isV1);
        // Watched from before the look-up: nothing that happens to the session afterwards is missed.
        const watch = this.#core.sessions.watchOf(authenticator);
        return after(this.#identify(request, authenticator), (identity) => {
          if (identity === null) return refusal(401, "unauthenticated");
          const queue = this.#gate.admit(identity.user.id);
          if (queue !== undefined) return { ...refuseQueued(queue), userId: identity.user.id };
          return this.#place(request, { identity, isV1, watch });
        });
      },
      (error) => this.#refuse(error),
    );
  }

  #probe(request: UpgradeRequest, authenticator: AnyAuthenticator | undefined): Eventual<Refusal> {
    return attempt(
      () =>
        after(this.#identify(request, authenticator), (identity) => {
          if (identity === null) return refusal(401, "unauthenticated");
          const { id: userId } = identity.user;
          const queue = this.#gate.waitFor(userId);
          if (queue !== undefined) return { ...refuseQueued(queue), userId };
          return this.#isFull(identity) ? tooMany(userId) : refusal(426, undefined, { upgrade: "websocket" });
        }),
      (error) => this.#refuse(error),
    );
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
    request: UpgradeRequest,
    { identity, isV1, watch }: Pick<Opening, "identity" | "isV1" | "watch">,
  ): Eventual<Welcomed | Refusal> {
    const { backplane, config } = this.#core;
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit = "reject" } = config;
    const connectionId = this.#core.nextConnectionId();
    const said = isV1 ? clientOf(request.url) : undefined;
    const user = identity.user.id;
    const client: ClientRef = { user, client: said?.clientId ?? connectionId };
    const attempt = said?.attempt ?? 1;
    const welcome = (admission: Admission | undefined): Welcomed => {
      const address = request.remoteAddress;
      const transport = undefined;
      const opening = { transport, connectionId, address, identity, isV1, client, attempt, watch, admission };
      return { data: toData(identity, connectionId, isV1), opening };
    };
    if (typeof onConnectionLimit === "function") return welcome(undefined);
    const asked = { user, client: client.client, attempt, connectionId, limit, policy: onConnectionLimit };
    return after(backplane.admit(asked), (admission) => {
      // An older attempt is let in to be told by its close code: a browser could not read a status.
      const isIn = admission.admitted || admission.reason === "superseded";
      return isIn ? welcome(admission) : tooMany(user);
    });
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

class LocatedRequest implements UpgradeRequest {
  readonly remoteAddress: string | undefined;
  readonly #request: UpgradeRequest;

  constructor(request: UpgradeRequest, remoteAddress: string | undefined) {
    this.#request = request;
    this.remoteAddress = remoteAddress;
  }

  get url(): string {
    return this.#request.url;
  }

  get headers(): Headers {
    return this.#request.headers;
  }
}

function tooMany(userId: string): Refusal {
  return { ...refusal(429, "maxConnectionsPerUser", retryAfter(5_000)), userId };
}

/** @returns why the offers are not acceptable, else whether `halyard.v1` is among them */
function offersV1(header: string | null, most: number): boolean | "bad_request" | "subprotocols" {
  if (header === null) return false;
  const offers = header.split(",").map((offer) => offer.trim());
  if (offers.length > most) return "subprotocols";
  if (new Set(offers).size !== offers.length || offers.includes("")) return "bad_request";
  return offers.includes(SUBPROTOCOL) ? true : "bad_request";
}

function clientOf(url: string): { clientId: string; attempt: number } | undefined {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  const clientId = query.get("c") ?? "";
  const attempt = Number(query.get("a"));
  return CLIENT_ID.test(clientId) && Number.isSafeInteger(attempt) && attempt >= 1
    ? { clientId, attempt }
    : undefined;
}

function checked(identity: Identity | null): Identity | null {
  if (identity === null || isIdentity(identity)) return identity;
  throw new TypeError("authenticate gave something without a user.id");
}

function isIdentity(value: unknown): boolean {
  const user = (value as { readonly user?: { readonly id?: unknown } | null } | undefined)?.user;
  return typeof user?.id === "string" && user.id !== "";
}

type Data = { -readonly [TKey in keyof Welcomed["data"]]: Welcomed["data"][TKey] } & { protocol?: string };

function toData({ user }: GuestIdentity, connectionId: string, isV1: boolean): Welcomed["data"] {
  // Most have no more than this, and keep no room for it.
  const data = { userId: user.id, connectionId };
  describe(data, user, isV1);
  return data;
}

function describe(data: Data, user: GuestIdentity["user"], isV1: boolean): void {
  const { name, image } = user;
  if (name !== undefined) data.name = name;
  if (image !== undefined) data.image = image;
  if ("email" in user && Object.hasOwn(user, "email") && typeof user.email === "string")
    data.email = user.email;
  if (isV1) data.protocol = SUBPROTOCOL;
}

export function isRefusal(answer: Welcomed | Refusal): answer is Refusal {
  return "status" in answer;
}

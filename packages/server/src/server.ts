import type { ErrorCode } from "@halyard/protocol/wire";
import { CLIENT_ID, HalyardError, SUBPROTOCOL } from "@halyard/protocol/wire";
import type { ClientRef } from "./backplane.js";
import type { Core } from "./core.js";
import { withDeadline } from "./deadline.js";
import { toHalyardError } from "./errors.js";
import type { Opening } from "./lifecycle.js";
import type { UpgradeRefused } from "./security-event.js";
import type {
  AuthenticateFunction,
  Authenticator,
  GuestIdentity,
  Identity,
  UpgradeRequest,
  WebSocketData,
} from "./types.js";

/** The answer to an upgrade that is not let in, or to a plain GET. Never has a body. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** An upgrade that is let in: what the socket carries as `data`, and what the manager must know of it. */
export interface Welcomed {
  readonly data: WebSocketData & { readonly connectionId: string };
  readonly opening: Omit<Opening, "transport">;
}

export type AnyAuthenticator = Authenticator | AuthenticateFunction;

const HANDSHAKE_MS = 10_000;
const OFFERS = 8;

/** The way from an HTTP request to an admitted connection: everything that is decided before 101. */
export class UpgradeDesk {
  readonly #core: Core;
  isDraining = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Never rejects: whoever cannot be let in for sure is refused. */
  async receive(
    request: UpgradeRequest,
    authenticator?: AnyAuthenticator,
    offers = request.headers.get("sec-websocket-protocol"),
  ): Promise<Welcomed | Refusal> {
    const answer = await this.#receive(request, { authenticator, offers });
    if (isRefusal(answer)) this.#note(request, answer);
    return answer;
  }

  /** What a plain GET is told: what an upgrade would get, or 426 when it would be let in. */
  async probe(request: UpgradeRequest, authenticator?: AnyAuthenticator): Promise<Refusal> {
    const answer = await this.#probe(request, authenticator);
    if (answer.status !== 426) this.#note(request, answer);
    return answer;
  }

  #note({ remoteAddress }: UpgradeRequest, { status }: Refusal): void {
    const reason = REASON_OF[status] ?? "unavailable";
    this.#core.security.note({ kind: "upgrade_refused", reason, code: status }, { address: remoteAddress });
  }

  async #receive(
    request: UpgradeRequest,
    asked: { readonly authenticator: AnyAuthenticator | undefined; readonly offers: string | null },
  ): Promise<Welcomed | Refusal> {
    try {
      const { authenticator, offers } = asked;
      const isV1 = offersV1(offers);
      if (isV1 === undefined) return refusal(400);
      // Watched from before the look-up: nothing that happens to the session afterwards is missed.
      const watch = this.#core.sessions.watchOf(authenticator ?? this.#core.config.authenticate);
      const found = await this.#identify(request, authenticator);
      if ("status" in found) return found;
      return await this.#place(request, { ...found, isV1, watch });
    } catch (error) {
      return this.#refuse(error);
    }
  }

  async #probe(request: UpgradeRequest, authenticator: AnyAuthenticator | undefined): Promise<Refusal> {
    try {
      const found = await this.#identify(request, authenticator);
      if ("status" in found) return found;
      return this.#isFull(found.identity) ? refusal(429) : refusal(426, { upgrade: "websocket" });
    } catch (error) {
      return this.#refuse(error);
    }
  }

  /** Gives back the place of a connection that never opened. */
  release({ data, opening }: Welcomed): void {
    const { user } = opening.client;
    const gone = { op: "-", room: undefined, user, connectionId: data.connectionId, graceMs: 0 } as const;
    this.#core.backplane.applyPresence([gone]).catch((error: unknown) => {
      this.#core.report(error, { type: "backplane", ws: undefined });
    });
  }

  async #identify(
    request: UpgradeRequest,
    authenticator: AnyAuthenticator | undefined,
  ): Promise<{ readonly identity: GuestIdentity } | Refusal> {
    if (this.isDraining) return refusal(503, { "retry-after": "1" });
    const { clock, config } = this.#core;
    const used = authenticator ?? config.authenticate;
    if (used === undefined) {
      throw new TypeError("authenticate is missing: pass it to createWebSocketSystem or to the attach call");
    }
    const asked = typeof used === "function" ? used(request) : used.authenticate(request);
    const onTimeout = (): void => {
      this.#core.logger.warn({}, "authenticate took longer than the handshake may");
    };
    const identity: Identity | null = await withDeadline(asked, { clock, ms: HANDSHAKE_MS, onTimeout });
    if (identity === null) return refusal(401);
    if (!isIdentity(identity)) throw new TypeError("authenticate gave something without a user.id");
    return { identity };
  }

  async #place(
    request: UpgradeRequest,
    { identity, isV1, watch }: Pick<Opening, "identity" | "isV1" | "watch">,
  ): Promise<Welcomed | Refusal> {
    const { backplane, config } = this.#core;
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit = "reject" } = config;
    const connectionId = this.#core.nextConnectionId();
    const said = isV1 ? clientOf(request.url) : undefined;
    const user = identity.user.id;
    const client: ClientRef = { user, client: said?.clientId ?? connectionId };
    const attempt = said?.attempt ?? 1;
    const address = request.remoteAddress;
    const opening = { connectionId, address, identity, isV1, watch, client, attempt };
    const data = toData(identity, connectionId, isV1);
    if (typeof onConnectionLimit === "function")
      return { data, opening: { ...opening, admission: undefined } };

    const admission = await backplane.admit({
      ...client,
      attempt,
      connectionId,
      limit,
      policy: onConnectionLimit,
    });
    // An older attempt is let in to be told by its close code: a browser could not read a status.
    if (admission.admitted || admission.reason === "superseded")
      return { data, opening: { ...opening, admission } };
    return refusal(429, { "retry-after": "5" });
  }

  #isFull({ user }: GuestIdentity): boolean {
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit = "reject" } = this.#core.config;
    return onConnectionLimit === "reject" && this.#core.table.countOf(user.id) >= limit;
  }

  #refuse(error: unknown): Refusal {
    if (!(error instanceof HalyardError)) this.#core.report(error, { type: "authenticate", ws: undefined });
    const { code, retryAfterMs = 1_000 } = toHalyardError(error);
    const retry = { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
    const status = STATUS_OF[code];
    // An authenticator that fails knows nothing: the door stays shut, and nobody is called a stranger for it.
    if (status === undefined) return refusal(503, retry);
    return status === 429 ? refusal(status, retry) : refusal(status);
  }
}

const REASON_OF: Readonly<Record<number, UpgradeRefused["reason"]>> = {
  400: "bad_request",
  401: "unauthenticated",
  403: "forbidden",
  429: "rate_limited",
};

const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  unauthenticated: 401,
  forbidden: 403,
  rate_limited: 429,
};

/** @returns undefined when the offers are not acceptable, else whether `halyard.v1` is among them */
function offersV1(header: string | null): boolean | undefined {
  if (header === null) return false;
  const offers = header.split(",").map((offer) => offer.trim());
  if (offers.length > OFFERS || new Set(offers).size !== offers.length || offers.includes(""))
    return undefined;
  return offers.includes(SUBPROTOCOL) ? true : undefined;
}

function clientOf(url: string): { clientId: string; attempt: number } | undefined {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  const clientId = query.get("c") ?? "";
  const attempt = Number(query.get("a"));
  return CLIENT_ID.test(clientId) && Number.isSafeInteger(attempt) && attempt >= 1
    ? { clientId, attempt }
    : undefined;
}

function isIdentity(value: unknown): boolean {
  const user = (value as { readonly user?: { readonly id?: unknown } | null } | undefined)?.user;
  return typeof user?.id === "string" && user.id !== "";
}

function toData(identity: GuestIdentity, connectionId: string, isV1: boolean): Welcomed["data"] {
  const { id: userId, name, image, ...rest } = identity.user;
  const email = "email" in rest && typeof rest.email === "string" ? rest.email : undefined;
  const data: { -readonly [TKey in keyof Welcomed["data"]]: Welcomed["data"][TKey] } & { protocol?: string } =
    {
      userId,
      connectionId,
    };
  if (name !== undefined) data.name = name;
  if (image !== undefined) data.image = image;
  if (email !== undefined) data.email = email;
  if (isV1) data.protocol = SUBPROTOCOL;
  return data;
}

function refusal(status: number, headers: Readonly<Record<string, string>> = {}): Refusal {
  return { status, headers: { "cache-control": "no-store", "content-length": "0", ...headers } };
}

export function isRefusal(answer: Welcomed | Refusal): answer is Refusal {
  return "status" in answer;
}

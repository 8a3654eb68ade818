// Reserves connection slots under `maxConnectionsPerUser`: before 101, when a socket opens without an upgrade, or on a hello.
// Called by UpgradeHandler, ConnectionAdmitter and HelloHandler.
// Guarantees: a slot belongs to one client, whose newer attempt replaces the older one; an abandoned slot is released.
import { isPromise } from "@halyard/protocol/internal";
import { ContextOfConnection } from "../messages/handler-context.ts";
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { Admission, AdmissionRequest, Backplane, ClientRef, Eviction } from "../backplane.ts";
import type { AnyConfig } from "../config.ts";
import type { AddressedCloses } from "../connection/addressed-closes.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { UpgradeDetails } from "../connection/upgrade-details.ts";
import type { Connection } from "../connection/connection.ts";
import { sessionIdOf } from "../connection/revocations.ts";
import type { SocketData } from "../connection/socket-data.ts";
import { toData } from "../connection/socket-data.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { ErrorContext, GuestIdentity, UpgradeRequest } from "../types.ts";
import { andThen, rejectedPromise, unwrapResolved } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import { errorJson, isUnavailable, toHalyardError } from "../utils/errors.ts";
import { admitLocally } from "../availability/local-admission.ts";
import { clientFromUrl } from "./subprotocol.ts";
import type { UpgradeRejection } from "./upgrade-rejection.ts";
import { rejection, retryAfter } from "./upgrade-rejection.ts";

/** An upgrade that may be answered with 101. */
export interface AcceptedUpgrade {
  /** The `data` of the socket. */
  readonly data: SocketData;
  /** What the server must know about the connection when the socket opens. */
  readonly details: UpgradeDetails;
}

/** Whether an upgrade was rejected. */
export function isRejection(answer: AcceptedUpgrade | UpgradeRejection): answer is UpgradeRejection {
  return "status" in answer;
}

type OnConnectionLimit = Extract<AnyConfig["onConnectionLimit"], (...args: never) => unknown>;

/** How many connections one user may have on all nodes, and what happens above that. */
interface ConnectionsPerUser {
  readonly limit: number;
  /** @default "reject" */
  readonly policy: AnyConfig["onConnectionLimit"];
}

/** The dependencies of {@link ConnectionSlots}. */
export interface ConnectionSlotsParts {
  readonly backplane: Pick<Backplane, "admit" | "applyPresence">;
  readonly closes: AddressedCloses;
  readonly connections: ConnectionTable;
  readonly monitor: Pick<BackplaneMonitor, "allowsConnections" | "isAway" | "suspect">;
  readonly nextConnectionId: () => string;
  readonly report: (error: unknown, context: ErrorContext) => void;
  readonly perUser: ConnectionsPerUser;
}

/** Reserves the slots of connections at the backplane. */
export class ConnectionSlots {
  readonly #parts: ConnectionSlotsParts;
  readonly #limit: number;
  readonly #policy: NonNullable<AnyConfig["onConnectionLimit"]>;

  constructor(parts: ConnectionSlotsParts) {
    this.#parts = parts;
    this.#limit = parts.perUser.limit;
    this.#policy = parts.perUser.policy ?? "reject";
  }

  /** Reserves a slot before 101, unless the application's policy is a function, which needs a socket. */
  reserveForUpgrade(
    { url, remoteAddress: address }: UpgradeRequest,
    identity: GuestIdentity,
    { isV1, watch, authenticatedAt }: Pick<UpgradeDetails, "isV1" | "watch" | "authenticatedAt">,
  ): MaybePromise<AcceptedUpgrade | UpgradeRejection> {
    const connectionId = this.#parts.nextConnectionId();
    const query = isV1 ? clientFromUrl(url) : undefined;
    const user = identity.user.id;
    const client: ClientRef = { user, client: query?.clientId ?? connectionId };
    const attempt = query?.attempt ?? 1;
    const details: UpgradeDetails = {
      connectionId,
      address,
      identity,
      isV1,
      authenticatedAt,
      client,
      attempt,
      watch,
      transport: undefined,
      admission: undefined,
    };
    const accepted: AcceptedUpgrade = { data: toData(identity, connectionId, isV1), details };
    const policy = this.#policy;
    if (typeof policy === "function") return accepted;
    const session = sessionIdOf(details);
    const limit = this.#limit;
    const slot = { ...client, attempt, connectionId, limit, policy, session, authenticatedAt };
    return andThen(this.#admit(slot), (admission) => {
      details.admission = admission;
      return isUpgraded(admission) ? accepted : connectionLimitRejection(user);
    });
  }

  /** The rejection that an upgrade with this request would get now; undefined if it would be accepted. */
  probe({ url }: UpgradeRequest, identity: GuestIdentity): MaybePromise<UpgradeRejection | undefined> {
    const policy = this.#policy;
    if (typeof policy === "function") return undefined;
    const { clientId, attempt = 1 } = clientFromUrl(url) ?? {};
    const connectionId = this.#parts.nextConnectionId();
    const user = identity.user.id;
    const slot = {
      user,
      client: clientId ?? connectionId,
      attempt,
      connectionId,
      limit: this.#limit,
      policy,
    };
    return andThen(this.#admit({ ...slot, isProbe: true }), (admission) =>
      isUpgraded(admission) ? undefined : connectionLimitRejection(user),
    );
  }

  /** Reserves a slot for an open socket without one: after a bare `handleOpen`, or when the policy is a function. */
  reserveForConnection(connection: Connection): MaybePromise<Admission> {
    const { client: ref, attempt, id: connectionId, authenticatedAt } = connection;
    const session = sessionIdOf(connection);
    const request = { ...ref, attempt, connectionId, limit: this.#limit, session, authenticatedAt };
    const policy = this.#policy;
    return typeof policy === "function"
      ? this.#applyApplicationPolicy(connection, request, policy)
      : this.#admit({ ...request, policy });
  }

  /** Reserves a slot for the client that a plain connection becomes with its hello. */
  reserveForClient(
    connection: Connection,
    { client, attempt }: { readonly client: string; readonly attempt: number },
  ): MaybePromise<Admission> {
    return this.#admit({
      user: connection.userId,
      client,
      attempt,
      connectionId: connection.id,
      limit: this.#limit,
      policy: "reject",
      session: sessionIdOf(connection),
      authenticatedAt: connection.authenticatedAt,
    });
  }

  /** Closes the connections of older attempts of the same client. */
  closeReplaced({ userId: user }: Connection, { replaced }: Extract<Admission, { admitted: true }>): void {
    for (const close of replaced) this.#parts.closes.close({ close, user, code: CloseCode.Superseded });
  }

  /** Closes the connections of the same user that have lost their slot to this one. */
  closeEvicted(evictions: readonly Eviction[]): void {
    for (const eviction of evictions) this.#parts.closes.evict(eviction);
  }

  /** Releases the slot of a connection that never opened. */
  abandon({ data, details }: AcceptedUpgrade): void {
    const { user } = details.client;
    const leave = {
      op: "-",
      room: undefined,
      user,
      connectionId: data.connectionId,
      graceMs: 0,
    } as const;
    this.#parts.backplane.applyPresence([leave]).catch((error: unknown) => {
      this.#parts.report(error, { type: "backplane", ws: undefined });
    });
  }

  /**
   * Asks the backplane. Repeating the call is harmless, because it names the connection. Rejects with `unavailable` when
   * new connections are denied.
   */
  #admit(request: AdmissionRequest): MaybePromise<Admission> {
    const { backplane, monitor } = this.#parts;
    if (monitor.isAway) return this.#admitWithoutBackplane(request);
    const admission = unwrapResolved(backplane.admit(request));
    if (!isPromise(admission)) return admission;
    return repeatOnce(admission, () => backplane.admit(request)).catch((error: unknown) => {
      if (isUnavailable(error)) return this.#admitWithoutBackplane(request);
      throw error;
    });
  }

  #admitWithoutBackplane(request: AdmissionRequest): MaybePromise<Admission> {
    const { connections, monitor } = this.#parts;
    if (!monitor.allowsConnections) return rejectedPromise(new HalyardError("unavailable"));
    const { admission, evictions } = admitLocally(connections.ofUser(request.user), request);
    if (request.isProbe !== true) this.closeEvicted(evictions);
    // When the backplane is back, the connection is declared, counted and checked for revocations.
    monitor.suspect();
    return admission;
  }

  async #applyApplicationPolicy(
    connection: Connection,
    request: Omit<AdmissionRequest, "policy">,
    onConnectionLimit: OnConnectionLimit,
  ): Promise<Admission> {
    const admission = await this.#admit({ ...request, policy: "reject" });
    if (admission.admitted || admission.reason !== "limit") return admission;
    const answer = askPolicy(() => onConnectionLimit(new ContextOfConnection(connection)));
    if (answer === "close-oldest") return this.#admit({ ...request, policy: answer });
    const error = answer === "reject" ? new HalyardError("limit_exceeded", "Too many connections.") : answer;
    connection.push(new OutboundFrame(errorJson(error)));
    // The policy failed or could not decide: with 1013 the client tries again.
    if (error.code === "unavailable") connection.close(1013);
    return admission;
  }
}

/** Calls the policy. An error that it throws refuses the connection, like one that it returns. */
function askPolicy<TAnswer>(ask: () => TAnswer): TAnswer | HalyardError {
  try {
    return ask();
  } catch (error) {
    return toHalyardError(error);
  }
}

/** The rejection of an upgrade whose user has no free slot. */
function connectionLimitRejection(userId: string): UpgradeRejection {
  return { ...rejection(429, "maxConnectionsPerUser", retryAfter(5_000)), userId };
}

/** The code that closes an open connection without a slot. */
export function closeCodeFor(refused: Extract<Admission, { readonly admitted: false }>): number {
  if (refused.reason === "revoked") return refused.code;
  return refused.reason === "superseded" ? CloseCode.Superseded : CloseCode.ConnectionLimit;
}

/**
 * Whether to upgrade a connection without a slot, only to close it with a code: a browser does not reveal the status of a
 * refused upgrade.
 */
function isUpgraded(admission: Admission): boolean {
  return admission.admitted || admission.reason !== "limit";
}

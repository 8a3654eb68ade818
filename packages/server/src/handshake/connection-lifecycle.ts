import { CloseCode, HalyardError, SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Admission, AdmissionRequest } from "../backplane.ts";
import { GLOBAL_CHANNEL, userChannel } from "../channels/channel-name.ts";
import { Connection } from "../connection/connection.ts";
import type { CloseReason, ConnectionOwner, ConnectionServices } from "../connection/connection.ts";
import type { AnyConfig } from "../config.ts";
import type { ServerContext } from "../assembly.ts";
import { errorJson } from "../utils/errors.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { HelloHandler } from "./hello.ts";
import type { Inbound } from "../messages/inbound.ts";
import type { UpgradeDetails } from "../connection/accepted-upgrade.ts";
import { printable } from "../utils/printable.ts";
import type { Rooms } from "../messages/rooms.ts";
import { truncateCloseReason } from "../utils/clip-reason.ts";
import { hasUserId, identityOf } from "../connection/socket-user.ts";
import { transportOf } from "../delivery/socket-transports.ts";
import type { WebSocketInstance } from "../types.ts";

export interface ConnectionLifecycleParts {
  readonly core: ServerContext;
  readonly helloHandler: HelloHandler;
  readonly inbound: Inbound;
  readonly rooms: Rooms;
}

type OnConnectionLimit = Extract<AnyConfig["onConnectionLimit"], (...args: never) => unknown>;

/** How a connection begins and ends. */
export class ConnectionLifecycle implements ConnectionOwner {
  readonly #parts: ConnectionLifecycleParts;
  readonly #services: ConnectionServices;

  constructor(parts: ConnectionLifecycleParts) {
    this.#parts = parts;
    this.#services = { writer: parts.core.writer, owner: this };
  }

  /** The maps hold the connection when this returns; everything else follows. */
  open(ws: WebSocketInstance, opening?: UpgradeDetails): Connection | undefined {
    const { core } = this.#parts;
    if (!hasUserId(ws)) {
      core.logger.error(
        {},
        "a WebSocket was opened without a user: pass { data: { userId } } to the upgrade",
      );
      ws.close(CloseCode.Unauthenticated);
      return undefined;
    }
    const existing = core.connections.of(ws);
    if (existing !== undefined) return existing;
    const connection = new Connection({
      id: opening?.connectionId ?? core.nextConnectionId(),
      ws,
      transport: opening?.transport ?? transportOf(ws),
      identity: opening?.identity ?? identityOf(ws.data),
      openedAt: core.clock.now(),
      services: this.#services,
      heartbeatBucket: Math.floor(core.clock.random() * 1_000),
      client: opening?.client,
    });
    connection.isV1 = opening?.isV1 ?? (ws.data as { readonly protocol?: unknown }).protocol === SUBPROTOCOL;
    connection.acceptsHello = !connection.isV1;
    connection.attempt = opening?.attempt ?? 1;
    connection.sessionWatch = opening?.watch;
    connection.address = opening?.address;
    core.connections.add(connection);
    this.#log("connected", connection);
    connection.sessionWatch?.opened(connection);
    this.#admitAndWelcome(connection, opening);
    return connection;
  }

  /** Who the user is has changed: what others see follows, and rights are asked for again. */
  identityChanged(connection: Connection): void {
    const { core, rooms } = this.#parts;
    if (connection.stage === "closed") return;
    core.connections.update(connection);
    Promise.all([core.presence.join(connection), rooms.reauthorize(connection)]).catch((error: unknown) => {
      core.report(error, { type: "authorize", ws: connection.ws });
    });
  }

  /** Ends a connection from this side: what was written before goes out first. Nothing is accepted after it. */
  closeConnection(connection: Connection, code: number, cause: string | CloseReason = ""): void {
    if (connection.stage === "closed") return;
    const { core } = this.#parts;
    const { reason = "", limit } = typeof cause === "string" ? { reason: cause } : cause;
    core.securityReporter.recordClose(connection, code, limit);
    core.writer.write(connection);
    this.#detach(connection, code, isIntentionalClose(code));
    try {
      connection.ws.close(code, truncateCloseReason(reason));
    } catch (error) {
      core.report(error, { type: "close", ws: connection.ws });
    }
  }

  /** The runtime says that a socket has closed. Without a code it is taken as 1005, a close that said nothing. */
  onSocketClosed(ws: WebSocketInstance, code = 1005): void {
    const connection = this.#parts.core.connections.of(ws);
    if (connection !== undefined) this.#detach(connection, code, code === 1000 || code === 1005);
  }

  /** In the turn of the opening, where nothing is waited for. */
  #admitAndWelcome(connection: Connection, opening: UpgradeDetails | undefined): void {
    try {
      const admission = opening?.admission ?? this.#reserveSlot(connection);
      const startup =
        admission instanceof Promise
          ? this.#admitLater(connection, admission)
          : this.#admit(connection, admission);
      if (startup instanceof Promise) void this.#closeOnRejection(connection, startup);
    } catch (error) {
      this.#closeAfterError(connection, error);
    }
  }

  async #closeOnRejection(connection: Connection, startup: Promise<unknown>): Promise<void> {
    try {
      await startup;
    } catch (error) {
      this.#closeAfterError(connection, error);
    }
  }

  #closeAfterError(connection: Connection, error: unknown): void {
    // Whatever still fails when a node ends or a connection is gone is nobody's failure.
    if (!isClosed(connection)) this.#parts.core.report(error, { type: "open", ws: connection.ws });
    this.closeConnection(connection, 1013);
  }

  async #admitLater(connection: Connection, admission: Promise<Admission>): Promise<void> {
    await this.#admit(connection, await admission);
  }

  #admit(connection: Connection, admission: Admission): MaybePromise<unknown> {
    const { core } = this.#parts;
    if (isClosed(connection)) {
      // Its place would lapse by itself; giving it back now lets the user open another at once.
      core.presence.leave(connection, { graceMs: 0 });
      return undefined;
    }
    if (!admission.admitted) {
      const isSuperseded = admission.reason === "superseded";
      this.closeConnection(connection, isSuperseded ? CloseCode.Superseded : CloseCode.ConnectionLimit);
      return undefined;
    }
    this.#closeReplaced(connection, admission.replaced, CloseCode.Superseded);
    const evicted = unwrapResolved(core.presence.join(connection));
    return evicted instanceof Promise
      ? this.#welcomeLater(connection, evicted)
      : this.#welcome(connection, evicted);
  }

  async #welcomeLater(connection: Connection, evicted: Promise<readonly string[]>): Promise<void> {
    await this.#welcome(connection, await evicted);
  }

  #welcome(connection: Connection, evicted: readonly string[]): MaybePromise<unknown> {
    const { core, helloHandler, inbound } = this.#parts;
    this.#closeReplaced(connection, evicted, CloseCode.Evicted);
    if (isClosed(connection)) {
      core.presence.leave(connection, { graceMs: 0 });
      return undefined;
    }
    if (connection.isV1) this.#awaitHello(connection);
    else {
      const welcomed = helloHandler.welcomePlainClient(connection);
      if (welcomed instanceof Promise) return this.#releaseLater(connection, welcomed);
    }
    inbound.flushBuffered(connection);
    return undefined;
  }

  async #releaseLater(connection: Connection, welcomed: Promise<unknown>): Promise<void> {
    await welcomed;
    this.#parts.inbound.flushBuffered(connection);
  }

  #awaitHello(connection: Connection): void {
    const { clock, limits } = this.#parts.core;
    connection.stage = "handshaking";
    connection.helloTimer = clock.setTimeout(() => {
      if (!connection.hasReceivedHello) this.closeConnection(connection, CloseCode.Unfinished, "no hello");
    }, limits.helloMs);
  }

  #reserveSlot(connection: Connection): MaybePromise<Admission> {
    const { core } = this.#parts;
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit: policy = "reject" } = core.config;
    const { client: ref, attempt, id: connectionId } = connection;
    const request = { ...ref, attempt, connectionId, limit };
    return typeof policy === "function"
      ? this.#callConnectionLimitPolicy(connection, request, policy)
      : unwrapResolved(core.backplane.admit({ ...request, policy }));
  }

  async #callConnectionLimitPolicy(
    connection: Connection,
    request: Omit<AdmissionRequest, "policy">,
    onLimit: OnConnectionLimit,
  ): Promise<Admission> {
    const { backplane } = this.#parts.core;
    const admission = await backplane.admit({ ...request, policy: "reject" });
    if (admission.admitted || admission.reason !== "limit") return admission;
    const { ws, identity } = connection;
    const answer = onLimit({ ws, user: identity.user, session: identity.session });
    if (answer === "close-oldest") return backplane.admit({ ...request, policy: answer });
    const error = answer === "reject" ? new HalyardError("limit_exceeded", "Too many connections.") : answer;
    connection.push(new OutboundFrame(errorJson(error)));
    return admission;
  }

  /** Ends other connections of the same user. */
  #closeReplaced({ userId }: Connection, ids: readonly string[], code: number): void {
    if (ids.length === 0) return;
    for (const other of this.#parts.core.connections.ofUser(userId))
      if (ids.includes(other.id)) this.closeConnection(other, code);
  }

  #detach(connection: Connection, code: number, isDeliberate: boolean): void {
    const { core, rooms } = this.#parts;
    if (!core.connections.remove(connection)) return;
    connection.stage = "closed";
    core.writer.forget(connection);
    connection.sessionWatch?.closed(connection);
    core.clock.clearTimeout(connection.helloTimer);
    connection.ephemeral?.clear();
    connection.serverRequests?.rejectAll();
    if (code >= 4400) {
      connection.isRevoked = true;
      connection.sendQueue.clear();
      connection.sendQueue.running?.abort();
    }
    const graceMs = isDeliberate ? 0 : core.limits.leaveGraceMs;
    for (const handler of core.registry.all())
      this.#callOnClose(connection, () => handler.onClose?.(connection.ws));
    core.channels.remove(GLOBAL_CHANNEL, connection);
    core.channels.remove(userChannel(connection.userId), connection);
    core.presence.unsubscribe(connection);
    for (const room of connection.rooms ?? []) rooms.leaveOnDisconnect(connection, room, graceMs);
    core.presence.leave(connection, { graceMs });
    this.#log("closed", connection, code);
    const { onDisconnect } = core.config;
    if (!connection.isConnected || onDisconnect === undefined) return;
    const { ws, identity } = connection;
    this.#callOnClose(connection, () =>
      onDisconnect({ ws, user: identity.user, session: identity.session }, code),
    );
  }

  /** A hook that throws or rejects must not stop the rest of a close. */
  #callOnClose(connection: Connection, call: () => unknown): void {
    const { core } = this.#parts;
    const failed = (error: unknown): void => {
      core.report(error, { type: "close", ws: connection.ws });
    };
    try {
      const result = call();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #log(event: string, connection: Connection, code?: number): void {
    const { config, logger } = this.#parts.core;
    if (config.verboseLogging !== true) return;
    const { userId, id } = connection;
    logger.info(
      { event, userId: printable(userId, 64), connectionId: id, ...(code === undefined ? {} : { code }) },
      `connection ${event}`,
    );
  }
}

/** A kick, a ban or a sign-out is meant to be seen at once; everything else may be followed by a return. */
function isIntentionalClose(code: number): boolean {
  return code === CloseCode.Unauthenticated || code === CloseCode.Forbidden;
}

// Asked again after each await: TypeScript would believe that the stage is what it was.
function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

import { CloseCode, HalyardError, SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Admission, AdmissionRequest } from "../backplane.ts";
import { ALL, userChannel } from "../channels/channel-name.ts";
import { Connection } from "../connection/connection.ts";
import type { Cause, ConnectionKeeper, ConnectionNode } from "../connection/connection.ts";
import type { AnyConfig, Core } from "../messages/server-context.ts";
import { errorJson } from "../utils/errors.ts";
import { here } from "../utils/maybe-promise.ts";
import type { Eventual } from "../utils/maybe-promise.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import type { Greeting } from "./hello.ts";
import type { Inbound } from "../messages/inbound.ts";
import type { Opening } from "../connection/accepted-upgrade.ts";
import { printable } from "../utils/printable.ts";
import type { Rooms } from "../messages/rooms.ts";
import { clipReason } from "../utils/clip-reason.ts";
import { hasUserId, identityOf } from "../connection/socket-user.ts";
import { transportOf } from "../delivery/transport.ts";
import type { WebSocketInstance } from "../types.ts";

export interface LifecycleParts {
  readonly core: Core;
  readonly greeting: Greeting;
  readonly inbound: Inbound;
  readonly rooms: Rooms;
}

type OnConnectionLimit = Extract<AnyConfig["onConnectionLimit"], (...args: never) => unknown>;

/** How a connection begins and ends. */
export class Lifecycle implements ConnectionKeeper {
  readonly #parts: LifecycleParts;
  readonly #node: ConnectionNode;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#node = { writer: parts.core.writer, keeper: this };
  }

  /** The maps hold the connection when this returns; everything else follows. */
  open(ws: WebSocketInstance, opening?: Opening): Connection | undefined {
    const { core } = this.#parts;
    if (!hasUserId(ws)) {
      core.logger.error(
        {},
        "a WebSocket was opened without a user: pass { data: { userId } } to the upgrade",
      );
      ws.close(CloseCode.Unauthenticated);
      return undefined;
    }
    const known = core.table.of(ws);
    if (known !== undefined) return known;
    const connection = new Connection({
      id: opening?.connectionId ?? core.nextConnectionId(),
      ws,
      transport: opening?.transport ?? transportOf(ws),
      identity: opening?.identity ?? identityOf(ws.data),
      openedAt: core.clock.now(),
      node: this.#node,
      slice: Math.floor(core.clock.random() * 1_000),
      client: opening?.client,
    });
    connection.isV1 = opening?.isV1 ?? (ws.data as { readonly protocol?: unknown }).protocol === SUBPROTOCOL;
    connection.mayGreet = !connection.isV1;
    connection.attempt = opening?.attempt ?? 1;
    connection.watch = opening?.watch;
    connection.address = opening?.address;
    core.table.add(connection);
    this.#log("connected", connection);
    connection.watch?.opened(connection);
    this.#begin(connection, opening);
    return connection;
  }

  /** Who the user is has changed: what others see follows, and rights are asked for again. */
  identityChanged(connection: Connection): void {
    const { core, rooms } = this.#parts;
    if (connection.stage === "closed") return;
    core.table.update(connection);
    Promise.all([core.presence.enter(connection), rooms.reauthorize(connection)]).catch((error: unknown) => {
      core.report(error, { type: "authorize", ws: connection.ws });
    });
  }

  /** Ends a connection from this side: what was written before goes out first. Nothing is accepted after it. */
  shut(connection: Connection, code: number, cause: string | Cause = ""): void {
    if (connection.stage === "closed") return;
    const { core } = this.#parts;
    const { reason = "", limit } = typeof cause === "string" ? { reason: cause } : cause;
    core.security.shut(connection, code, limit);
    core.writer.write(connection);
    this.#detach(connection, code, isDeliberateShut(code));
    try {
      connection.ws.close(code, clipReason(reason));
    } catch (error) {
      core.report(error, { type: "close", ws: connection.ws });
    }
  }

  /** The runtime says that a socket has closed. Without a code it is taken as 1005, a close that said nothing. */
  closed(ws: WebSocketInstance, code = 1005): void {
    const connection = this.#parts.core.table.of(ws);
    if (connection !== undefined) this.#detach(connection, code, code === 1000 || code === 1005);
  }

  /** In the turn of the opening, where nothing is waited for. */
  #begin(connection: Connection, opening: Opening | undefined): void {
    try {
      const admission = opening?.admission ?? this.#askForPlace(connection);
      const begun =
        admission instanceof Promise
          ? this.#admitLater(connection, admission)
          : this.#admit(connection, admission);
      if (begun instanceof Promise) void this.#watchBeginning(connection, begun);
    } catch (error) {
      this.#failToBegin(connection, error);
    }
  }

  async #watchBeginning(connection: Connection, begun: Promise<unknown>): Promise<void> {
    try {
      await begun;
    } catch (error) {
      this.#failToBegin(connection, error);
    }
  }

  #failToBegin(connection: Connection, error: unknown): void {
    // Whatever still fails when a node ends or a connection is gone is nobody's failure.
    if (!isClosed(connection)) this.#parts.core.report(error, { type: "open", ws: connection.ws });
    this.shut(connection, 1013);
  }

  async #admitLater(connection: Connection, admission: Promise<Admission>): Promise<void> {
    await this.#admit(connection, await admission);
  }

  #admit(connection: Connection, admission: Admission): Eventual<unknown> {
    const { core } = this.#parts;
    if (isClosed(connection)) {
      // Its place would lapse by itself; giving it back now lets the user open another at once.
      core.presence.exit(connection, { graceMs: 0 });
      return undefined;
    }
    if (!admission.admitted) {
      const isOld = admission.reason === "superseded";
      this.shut(connection, isOld ? CloseCode.Superseded : CloseCode.ConnectionLimit);
      return undefined;
    }
    this.#shutOthers(connection, admission.replaced, CloseCode.Superseded);
    const evicted = here(core.presence.enter(connection));
    return evicted instanceof Promise
      ? this.#welcomeLater(connection, evicted)
      : this.#welcome(connection, evicted);
  }

  async #welcomeLater(connection: Connection, evicted: Promise<readonly string[]>): Promise<void> {
    await this.#welcome(connection, await evicted);
  }

  #welcome(connection: Connection, evicted: readonly string[]): Eventual<unknown> {
    const { core, greeting, inbound } = this.#parts;
    this.#shutOthers(connection, evicted, CloseCode.Evicted);
    if (isClosed(connection)) {
      core.presence.exit(connection, { graceMs: 0 });
      return undefined;
    }
    if (connection.isV1) this.#awaitHello(connection);
    else {
      const welcomed = greeting.welcomePlain(connection);
      if (welcomed instanceof Promise) return this.#releaseLater(connection, welcomed);
    }
    inbound.release(connection);
    return undefined;
  }

  async #releaseLater(connection: Connection, welcomed: Promise<unknown>): Promise<void> {
    await welcomed;
    this.#parts.inbound.release(connection);
  }

  #awaitHello(connection: Connection): void {
    const { clock, limits } = this.#parts.core;
    connection.stage = "greeting";
    connection.timer = clock.setTimeout(() => {
      if (!connection.isGreeted) this.shut(connection, CloseCode.Unfinished, "no hello");
    }, limits.helloMs);
  }

  #askForPlace(connection: Connection): Eventual<Admission> {
    const { core } = this.#parts;
    const { maxConnectionsPerUser: limit = 20, onConnectionLimit: policy = "reject" } = core.config;
    const { client: ref, attempt, id: connectionId } = connection;
    const request = { ...ref, attempt, connectionId, limit };
    return typeof policy === "function"
      ? this.#askTheApplication(connection, request, policy)
      : here(core.backplane.admit({ ...request, policy }));
  }

  async #askTheApplication(
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
    connection.push(new Frame(errorJson(error)));
    return admission;
  }

  /** Ends other connections of the same user. */
  #shutOthers({ userId }: Connection, ids: readonly string[], code: number): void {
    if (ids.length === 0) return;
    for (const other of this.#parts.core.table.ofUser(userId))
      if (ids.includes(other.id)) this.shut(other, code);
  }

  #detach(connection: Connection, code: number, isDeliberate: boolean): void {
    const { core, rooms } = this.#parts;
    if (!core.table.remove(connection)) return;
    connection.stage = "closed";
    core.writer.forget(connection);
    connection.watch?.closed(connection);
    core.clock.clearTimeout(connection.timer);
    connection.ephemeral?.clear();
    connection.questions?.lost();
    if (code >= 4400) {
      connection.isRevoked = true;
      connection.lane.clear();
      connection.lane.running?.abort();
    }
    const graceMs = isDeliberate ? 0 : core.limits.leaveGraceMs;
    for (const handler of core.registry.all())
      this.#tellHandler(connection, () => handler.onClose?.(connection.ws));
    core.hub.remove(ALL, connection);
    core.hub.remove(userChannel(connection.userId), connection);
    core.presence.hide(connection);
    for (const room of connection.rooms ?? []) rooms.forget(connection, room, graceMs);
    core.presence.exit(connection, { graceMs });
    this.#log("closed", connection, code);
    const { onDisconnect } = core.config;
    if (!connection.isConnected || onDisconnect === undefined) return;
    const { ws, identity } = connection;
    this.#tellHandler(connection, () =>
      onDisconnect({ ws, user: identity.user, session: identity.session }, code),
    );
  }

  /** A hook that throws or rejects must not stop the rest of a close. */
  #tellHandler(connection: Connection, call: () => unknown): void {
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
function isDeliberateShut(code: number): boolean {
  return code === CloseCode.Unauthenticated || code === CloseCode.Forbidden;
}

// Asked again after each await: TypeScript would believe that the stage is what it was.
function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

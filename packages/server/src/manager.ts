import type { AnyProtocol, BuiltinProtocol, OutgoingMessage } from "@halyard/protocol";
import { CloseCode } from "@halyard/protocol/wire";
import type { RequestArguments } from "./messages/server-requests.ts";
import { assemble } from "./assembly.ts";
import type { Assembly } from "./assembly.ts";
import type { Connection } from "./connection/connection.ts";
import { withDeadline } from "./utils/with-deadline.ts";
import { OutboundFrame } from "./delivery/outbound-frame.ts";
import type { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import type { Broadcaster } from "./handlers.ts";
import type { WebSocketManagerConfig } from "./config.ts";
import type { Metrics } from "./metrics.ts";
import type {
  ConnectedUsers,
  ConnectionStats,
  DisconnectOptions,
  Identity,
  Published,
  UserList,
  UserPage,
  WebSocketInstance,
  WebSocketInstances,
} from "./types.ts";

const DRAIN_HANDLERS_MS = 10_000;

/** The insides of a manager, for the glue of this package. Not part of the public API. */
export let internalsOf: <TProtocol extends AnyProtocol>(manager: WebSocketManager<TProtocol>) => Assembly;

/**
 * Handles the life of every WebSocket of this node: who is connected, what they say, and who hears it.
 *
 * No method throws because of what a client sent. What the application's own code throws goes to `onError`.
 */
export class WebSocketManager<TProtocol extends AnyProtocol = BuiltinProtocol> {
  readonly #parts: Assembly;

  static {
    internalsOf = (manager) => manager.#parts;
  }

  constructor(config: WebSocketManagerConfig = {}) {
    // Every contract has the built-in messages; TypeScript cannot see that while the contract is a type parameter.
    this.#parts = assemble(config, this as unknown as Broadcaster);
    this.#parts.heartbeat.start();
  }

  /** One entry per user of this node, now. */
  get connectedUsers(): ConnectedUsers {
    return this.#parts.connections.connectedUsers;
  }

  /** The connections of each user of this node, now. */
  get wsInstances(): WebSocketInstances {
    return this.#parts.connections.wsInstances;
  }

  /** The registry of this manager: where handlers are added. */
  get handlers(): MessageHandlerRegistry {
    return this.#parts.registry;
  }

  /**
   * A socket is open. The maps hold it when this returns; admission and the welcome follow. `ws.data.userId` says whose
   * it is: without one the socket is closed with 4401.
   */
  handleOpen(ws: WebSocketInstance): void {
    this.#parts.lifecycle.open(ws);
  }

  /** A frame came in. Text is a string; anything else is a binary frame, which closes the socket with 4400. */
  handleMessage(ws: WebSocketInstance, message: string | Uint8Array): void {
    const connection = this.#parts.connections.of(ws);
    if (connection === undefined) return;
    if (typeof message === "string") this.#parts.inbound.receive(connection, message);
    else connection.close(CloseCode.ProtocolBroken, "frames are text");
  }

  /**
   * A socket has closed.
   *
   * @param code how. 1000 and 1005 are deliberate; after anything else the user stays online for the grace. @default 1005
   */
  handleClose(ws: WebSocketInstance, code?: number): void {
    this.#parts.lifecycle.onSocketClosed(ws, code);
  }

  /**
   * Publishes a message to everyone, on every node.
   *
   * @param message an object, or its JSON text
   * @param excludeWs the one connection that does not get it; its user's other connections do
   * @returns never rejects: a failure goes to `onError`, and `offset` is undefined then
   * @throws TypeError at once when this is not a message that a server may send
   */
  broadcastMessage(
    message: OutgoingMessage<TProtocol> | string,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    return this.#parts.publisher.toAll(message, excludeWs);
  }

  /** Publishes a message to everyone in a room, on every node. Otherwise like {@link broadcastMessage}. */
  sendToRoom(
    room: string,
    message: OutgoingMessage<TProtocol>,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    return this.#parts.publisher.toRoom(room, message, excludeWs);
  }

  /** Publishes a message to all devices of a user, on every node. Otherwise like {@link broadcastMessage}. */
  sendToUser(
    userId: string,
    message: OutgoingMessage<TProtocol>,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    return this.#parts.publisher.toUser(userId, message, excludeWs);
  }

  /** Sends to one connection of this node: at most once, without an offset, and nothing when it is gone. */
  send(ws: WebSocketInstance, message: OutgoingMessage<TProtocol> | { readonly type: "pong" }): void {
    this.#parts.publisher.toConnection(ws, message);
  }

  /**
   * Asks the client of one connection, which answers with `client.onRequest`. Settles always, at the latest with the
   * connection: a client that reconnects is not asked again. Asked before the welcome, it waits for it: do not await
   * it in `onConnect`, which comes first.
   *
   * @throws HalyardError by rejecting: `timeout`; `unavailable` without the connection; `not_found` for a plain client
   * and one without a handler; `limit_exceeded` above `limits.unansweredRequests`; `invalid_message` for an answer that
   * does not fit; or what the client's handler threw. Otherwise the signal's reason, or a TypeError for an input that
   * the contract does not have.
   * @example
   * const { answer } = await manager.request(ws, "confirm", { question: "Delete the room?" });
   */
  request<TName extends keyof TProtocol["serverRequests"] & string>(
    ws: WebSocketInstance,
    name: TName,
    ...[input, options]: RequestArguments<TProtocol["serverRequests"][TName]["input"]["_zod"]["input"]>
  ): Promise<TProtocol["serverRequests"][TName]["output"]["_zod"]["output"]> {
    return this.#parts.serverRequests.request(ws, { ...options, name, input });
  }

  /** Puts a connection into a room, past `authorize`. Doing it twice is doing it once. @throws TypeError for a bad name */
  async join(ws: WebSocketInstance, room: string): Promise<void> {
    const connection = this.#parts.connections.of(ws);
    if (connection !== undefined) await this.#parts.rooms.joinByServer(connection, room);
  }

  /** Takes a connection out of a room; a client is told so by `left`. */
  leave(ws: WebSocketInstance, room: string): Promise<void> {
    const connection = this.#parts.connections.of(ws);
    if (connection !== undefined) this.#parts.rooms.removeMember(connection, room);
    return Promise.resolve();
  }

  /** Closes every connection of a user. */
  disconnectUser(userId: string, options: DisconnectOptions = {}): Promise<void> {
    for (const connection of this.#parts.connections.ofUser(userId)) this.#disconnect(connection, options);
    return Promise.resolve();
  }

  /** Closes every connection that was opened with a session. */
  disconnectSession(sessionId: string, options: DisconnectOptions = {}): Promise<void> {
    for (const connection of [...this.#parts.connections.all()]) {
      const session = connection.identity.session as { readonly id?: unknown } | undefined;
      if (session?.id === sessionId) this.#disconnect(connection, options);
    }
    return Promise.resolve();
  }

  /** This node, now: users and connections. */
  getConnectionStats(): ConnectionStats {
    const { connections } = this.#parts;
    return { totalUsers: connections.connectedUsers.size, totalConnections: connections.size };
  }

  /** This node in numbers: {@link getConnectionStats}, and what there was to refuse. */
  getMetrics(): Metrics {
    const { securityReporter, upgrades } = this.#parts;
    const { handshakes, tracked: trackedUpgrades } = upgrades.limiter;
    return {
      ...this.getConnectionStats(),
      handshakes,
      trackedUpgrades,
      security: securityReporter.counts,
    };
  }

  /** Everyone online or in a room, on every node, in pages of 200; with the grace of those who may come back. */
  listUsers(page: UserPage = {}): Promise<UserList> {
    return this.#parts.presence.list(page);
  }

  /**
   * Lets this node's clients go elsewhere: refuses upgrades, lets handlers finish (10 s), then closes with 4012 and a
   * random time to come back.
   *
   * @param options.windowMs over how long clients are told to come back. @default 2_000
   */
  async drain(options: { readonly windowMs?: number | undefined } = {}): Promise<void> {
    const { clock, connections } = this.#parts;
    const windowMs = options.windowMs ?? 2_000;
    this.#parts.upgrades.isDraining = true;
    const clients = [...connections.all()];
    for (const connection of clients) {
      connection.push(
        new OutboundFrame(JSON.stringify({ type: "reconnect", afterMs: Math.round(windowMs / 2) })),
      );
    }
    const pendingWork = clients.flatMap(({ sendQueue, requestLimiter }) => [
      sendQueue.onIdle(),
      requestLimiter?.onIdle() ?? Promise.resolve(),
    ]);
    await withDeadline(Promise.all(pendingWork), { clock, ms: DRAIN_HANDLERS_MS }).catch(() => undefined);
    for (const connection of [...connections.all()]) {
      const retryAfterMs = Math.round(clock.random() * windowMs);
      connection.close(CloseCode.Draining, `retryAfterMs=${String(retryAfterMs)}`);
    }
  }

  /**
   * Closes every connection with 1001 and stops: no subscription is left, and no timer but those of handlers at work.
   * What waited for its turn is not run: nobody was told that it was.
   */
  async close(): Promise<void> {
    this.#parts.upgrades.isDraining = true;
    this.#parts.heartbeat.stop();
    for (const connection of [...this.#parts.connections.all()]) {
      connection.close(1001);
      connection.sendQueue.clear();
      this.#parts.clock.clearTimeout(connection.sendQueue.delayTimer);
    }
    this.#parts.sessionWatches.stop();
    this.#parts.upgrades.limiter.stop();
    this.#parts.securityReporter.stop();
    this.#parts.presence.close();
    this.#parts.channels.close();
    await this.#parts.backplane.stop();
  }

  #disconnect(
    connection: Connection,
    { code = CloseCode.Unauthenticated, reason = "" }: DisconnectOptions,
  ): void {
    connection.close(code, reason);
  }
}

/** A manager's configuration, whatever its identity's type: inside, a user is what the authenticator said. */
export function eraseIdentityType<TProtocol extends AnyProtocol, TIdentity extends Identity>(
  config: WebSocketManagerConfig<TProtocol, TIdentity>,
): WebSocketManagerConfig {
  return config as unknown as WebSocketManagerConfig;
}

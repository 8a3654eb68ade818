import type { AnyProtocol, BuiltinProtocol, OutgoingMessage } from "@halyard/protocol";
import { CloseCode } from "@halyard/protocol/wire";
import type { RequestArguments } from "./messages/server-requests.ts";
import { assemble } from "./assembly.ts";
import type { Assembly } from "./assembly.ts";
import { checkedRoomName } from "./channels/channel-name.ts";
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

/** The parts of a manager, for the runtimes of this package. Not part of the public API. */
export let internalsOf: <TProtocol extends AnyProtocol>(manager: WebSocketManager<TProtocol>) => Assembly;

/**
 * Manages the connections of this node: their users, their messages, and what the application sends to them.
 *
 * No method throws because of what a client sent. Errors of the application's own code go to `onError`.
 */
export class WebSocketManager<TProtocol extends AnyProtocol = BuiltinProtocol> {
  readonly #parts: Assembly;

  static {
    internalsOf = (manager) => manager.#parts;
  }

  constructor(config: WebSocketManagerConfig = {}) {
    // Every contract has the built-in messages, which TypeScript cannot derive from a type parameter.
    this.#parts = assemble(config, this as unknown as Broadcaster);
    this.#parts.heartbeat.start();
    this.#parts.eventLoop.start();
  }

  /** The users of this node: one entry per user, live. */
  get connectedUsers(): ConnectedUsers {
    return this.#parts.connections.connectedUsers;
  }

  /** The connections of each user of this node, live. */
  get wsInstances(): WebSocketInstances {
    return this.#parts.connections.wsInstances;
  }

  /** The registry to which handlers are added. */
  get handlers(): MessageHandlerRegistry {
    return this.#parts.registry;
  }

  /**
   * To be called when a socket has opened. The maps contain the connection when this returns; the admission and the
   * welcome follow. `ws.data.userId` names the user: without it the socket is closed with 4401.
   */
  handleOpen(ws: WebSocketInstance): void {
    this.#parts.opener.open(ws);
  }

  /** To be called with each frame. Text is a string; anything else is a binary frame, and closes the socket with 4400. */
  handleMessage(ws: WebSocketInstance, message: string | Uint8Array): void {
    const connection = this.#parts.connections.of(ws);
    if (connection === undefined) return;
    if (typeof message === "string") this.#parts.inbound.receive(connection, message);
    else connection.close(CloseCode.ProtocolBroken, "frames are text");
  }

  /**
   * To be called when a socket has closed.
   *
   * @param code the close code. 1000 and 1005 are deliberate; after any other the user stays online for
   * `limits.leaveGraceMs`. @default 1005
   */
  handleClose(ws: WebSocketInstance, code?: number): void {
    this.#parts.closer.onSocketClosed(ws, code);
  }

  /**
   * Publishes a message to all connections of all nodes.
   *
   * @param message an object, or its JSON text
   * @param excludeWs the one connection that does not get the message; its user's other connections do
   * @returns never rejects: a failure goes to `onError`, and `offset` is undefined then
   * @throws TypeError at once when the message is not one that a server may send
   */
  broadcastMessage(
    message: OutgoingMessage<TProtocol> | string,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    return this.#parts.publisher.toAll(message, excludeWs);
  }

  /**
   * Publishes a message to all members of a room, on every node. Otherwise like {@link broadcastMessage}.
   *
   * @throws TypeError at once for a string that is not a room name
   */
  sendToRoom(
    room: string,
    message: OutgoingMessage<TProtocol>,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    return this.#parts.publisher.toRoom(checkedRoomName(room), message, excludeWs);
  }

  /** Publishes a message to all connections of a user, on every node. Otherwise like {@link broadcastMessage}. */
  sendToUser(
    userId: string,
    message: OutgoingMessage<TProtocol>,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    return this.#parts.publisher.toUser(userId, message, excludeWs);
  }

  /** Sends to one connection of this node: at most once, without an offset. Does nothing for a closed connection. */
  send(ws: WebSocketInstance, message: OutgoingMessage<TProtocol> | { readonly type: "pong" }): void {
    this.#parts.publisher.toConnection(ws, message);
  }

  /**
   * Sends a request to the client of one connection, which answers with `client.onRequest`. The promise always settles,
   * at the latest when the connection closes: a request is not repeated after a reconnect. A request before the welcome
   * is sent after it: do not await it in `onConnect`, which runs before the welcome.
   *
   * @throws HalyardError by rejecting: `timeout`; `unavailable` without the connection; `not_found` for a plain client
   * and for a client without a handler; `limit_exceeded` above `limits.unansweredRequests`; `invalid_message` for an
   * answer that does not fit its schema; or the error of the client's handler. Otherwise the signal's reason, or a
   * TypeError for an input that does not fit its schema.
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

  /**
   * Joins a connection to a room, without asking `authorize`. Does nothing for a member.
   *
   * @throws TypeError by rejecting, for a string that is not a room name
   */
  async join(ws: WebSocketInstance, room: string): Promise<void> {
    const name = checkedRoomName(room);
    const connection = this.#parts.connections.of(ws);
    if (connection !== undefined) await this.#parts.rooms.joinByServer(connection, name);
  }

  /**
   * Removes a connection from a room; its client gets `left`.
   *
   * @throws TypeError by rejecting, for a string that is not a room name
   */
  async leave(ws: WebSocketInstance, room: string): Promise<void> {
    const name = checkedRoomName(room);
    const connection = this.#parts.connections.of(ws);
    if (connection !== undefined) this.#parts.rooms.removeMember(connection, name);
    return Promise.resolve();
  }

  /**
   * Closes every connection of a user, on every node: also those that were authenticated before this call and open later,
   * and those of a node that is cut off, once it is back. Resolves when that is stored.
   *
   * @throws HalyardError `unavailable` by rejecting, when it could not be stored; the connections of this node are closed
   */
  disconnectUser(userId: string, options: DisconnectOptions = {}): Promise<void> {
    return this.#parts.revocations.disconnectUser(userId, options);
  }

  /** Closes every connection that was opened with this session. Otherwise like {@link disconnectUser}. */
  disconnectSession(sessionId: string, options: DisconnectOptions = {}): Promise<void> {
    return this.#parts.revocations.disconnectSession(sessionId, options);
  }

  /** How many users and connections this node has. */
  getConnectionStats(): ConnectionStats {
    const { connections } = this.#parts;
    return { totalUsers: connections.connectedUsers.size, totalConnections: connections.size };
  }

  /** This node in numbers: {@link getConnectionStats}, handshakes, the history and security events. */
  getMetrics(): Metrics {
    const { backplane, channels, eventLoop, securityReporter, upgrades } = this.#parts;
    const { handshakes, tracked: trackedUpgrades } = upgrades.limiter;
    const { bytes, evicted } = backplane.historyUsage?.() ?? { bytes: 0, evicted: 0 };
    return {
      ...this.getConnectionStats(),
      handshakes,
      trackedUpgrades,
      history: { bytes: bytes + channels.recentBytes, evicted },
      security: securityReporter.counts,
      eventLoopLag: eventLoop.lag,
    };
  }

  /**
   * The users who are online or in a room, on every node, in pages of 200. A user whose connection was lost stays in it for
   * `limits.leaveGraceMs`.
   *
   * @throws TypeError by rejecting, for a room that is not a room name
   */
  async listUsers({ room, cursor }: UserPage = {}): Promise<UserList> {
    return this.#parts.presence.list({
      room: room === undefined ? undefined : checkedRoomName(room),
      cursor,
    });
  }

  /**
   * Moves this node's clients to other nodes: refuses upgrades, waits up to 10 s for running handlers, then closes every
   * connection with 4012 and a random delay before its reconnect.
   *
   * @param options.windowMs the longest delay before a reconnect, in ms. @default 2_000
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
   * Closes every connection with 1001 and stops: no subscription is left, and no timer except those of running handlers.
   * Queued messages do not run: their senders got no reply.
   */
  async close(): Promise<void> {
    this.#parts.upgrades.isDraining = true;
    this.#parts.heartbeat.stop();
    this.#parts.eventLoop.stop();
    for (const connection of [...this.#parts.connections.all()]) {
      connection.close(1001);
      connection.sendQueue.clear();
      this.#parts.clock.clearTimeout(connection.sendQueue.delayTimer);
    }
    // The hooks of these closes run before the parts stop that they may use.
    await Promise.resolve();
    this.#parts.sessionWatches.stop();
    this.#parts.revocations.stop();
    this.#parts.deduplicator.stop();
    this.#parts.upgrades.stop();
    this.#parts.securityReporter.stop();
    this.#parts.presence.close();
    this.#parts.channels.close();
    await this.#parts.backplane.stop();
  }
}

/** The same configuration with the type of its identity erased. */
export function eraseIdentityType<TProtocol extends AnyProtocol, TIdentity extends Identity>(
  config: WebSocketManagerConfig<TProtocol, TIdentity>,
): WebSocketManagerConfig {
  return config as unknown as WebSocketManagerConfig;
}

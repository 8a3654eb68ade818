import type { AnyProtocol, BuiltinProtocol, OutgoingMessage } from "@halyard/protocol";
import { TEST_CONTROLS } from "@halyard/protocol/internal";
import { CloseCode } from "@halyard/protocol/wire";
import { processWide } from "./application/process-wide.ts";
import { assemble } from "./assembly.ts";
import type { Assembly } from "./assembly.ts";
import type { ClusterStats, Publisher, RequestTarget, RoomReply } from "./cluster/cluster-types.ts";
import type { RequestArguments } from "./cluster/server-requests.ts";
import { checkedRoomName, checkedRoomNames } from "./channels/channel-name.ts";
import type { DrainOptions } from "./connection/drain.ts";
import type { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import type { Broadcaster } from "./handlers.ts";
import type { WebSocketManagerConfig } from "./config.ts";
import { closeNode, drainNode } from "./management/end-node.ts";
import { HealthReader } from "./management/health.ts";
import type { Health } from "./management/health.ts";
import { metricsOf } from "./management/metrics.ts";
import type { Metrics } from "./management/metrics.ts";
import type {
  ConnectedUsers,
  ConnectionStats,
  DisconnectOptions,
  Published,
  SendOptions,
  UserList,
  UserPage,
  WebSocketInstance,
  WebSocketInstances,
} from "./types.ts";

/** The parts of each manager, for the runtimes of this package. The number changes when an older runtime cannot use the new `Assembly`. */
export const internals = processWide<Assembly>("halyard.managers.1");

/**
 * Manages the connections of this node: their users, their messages, and what the application sends to them.
 *
 * No method throws because of what a client sent. Errors of the application's code go to `onError`.
 */
export class WebSocketManager<
  TProtocol extends AnyProtocol = BuiltinProtocol,
> implements Publisher<TProtocol> {
  readonly #parts: Assembly;
  readonly #health: HealthReader;

  constructor(config: WebSocketManagerConfig = {}) {
    // Every contract includes the built-in messages, but TypeScript cannot derive that from a type parameter.
    this.#parts = assemble(config, this as unknown as Broadcaster);
    internals.set(this, this.#parts);
    this.#health = new HealthReader(this.#parts);
    this.#parts.heartbeat.start();
    this.#parts.eventLoop.start();
  }

  /** Used by the test network. @internal */
  [TEST_CONTROLS]() {
    const { clock, presence, systemLogger: log } = this.#parts;
    return { clock, silence: log.silence, announcePresence: () => presence.endIntervals() };
  }

  /** The users of this node, one entry per user; a live view. */
  get connectedUsers(): ConnectedUsers {
    return this.#parts.connections.connectedUsers;
  }

  /** The connections of each user of this node; a live view. */
  get wsInstances(): WebSocketInstances {
    return this.#parts.connections.wsInstances;
  }

  /** The registry to which the application adds its handlers. */
  get handlers(): MessageHandlerRegistry {
    return this.#parts.registry;
  }

  /**
   * Call this when a socket has opened. The maps contain the connection when this returns; the admission and the
   * welcome follow. `ws.data.userId` names the user: without it the socket is closed with 4401.
   */
  handleOpen(ws: WebSocketInstance): void {
    this.#parts.opener.open(ws);
  }

  /** Call this with each frame. Text is a string; anything else is a binary frame, which closes the socket with 4400. */
  handleMessage(ws: WebSocketInstance, message: string | Uint8Array): void {
    const connection = this.#parts.connections.of(ws);
    if (connection === undefined) return;
    if (typeof message === "string") this.#parts.inbound.receive(connection, message);
    else connection.close(CloseCode.ProtocolBroken, "frames are text");
  }

  /**
   * Call this when a socket has closed. Codes 1000 and 1005 (the default) are deliberate; after any other code the user stays
   * online for `limits.leaveGraceMs`.
   */
  handleClose(ws: WebSocketInstance, code?: number): void {
    this.#parts.closer.onSocketClosed(ws, code);
  }

  /**
   * Publishes a message to all connections of all nodes.
   *
   * @param message an object, or its JSON text
   * @param excludeWs the connection that does not get the message (its user's other connections do), or options
   * @returns never rejects: a failure goes to `onError`, and to {@link Published.error}
   * @throws TypeError at once when the message is not one that a server may send
   */
  broadcastMessage(
    message: OutgoingMessage<TProtocol> | string,
    excludeWs?: WebSocketInstance | SendOptions,
  ): Promise<Published> {
    return this.#parts.publisher.toAll(message, excludeWs);
  }

  /** Publishes a message to all members of a room, whose name is checked at once. Otherwise like {@link broadcastMessage}. */
  sendToRoom(
    room: string,
    message: OutgoingMessage<TProtocol>,
    excludeWs?: WebSocketInstance | SendOptions,
  ): Promise<Published> {
    return this.#parts.publisher.toRoom(checkedRoomName(room), message, excludeWs);
  }

  /** Publishes one message to several rooms, one after the other: see {@link Publisher.sendToRooms}. */
  sendToRooms(
    rooms: readonly string[],
    message: OutgoingMessage<TProtocol>,
    options?: SendOptions,
  ): Promise<readonly Published[]> {
    return this.#parts.publisher.toRooms(checkedRoomNames(rooms), message, options);
  }

  /** Publishes a message to all connections of a user, on every node. Otherwise like {@link broadcastMessage}. */
  sendToUser(
    userId: string,
    message: OutgoingMessage<TProtocol>,
    excludeWs?: WebSocketInstance | SendOptions,
  ): Promise<Published> {
    return this.#parts.publisher.toUser(userId, message, excludeWs);
  }

  /**
   * Sends a message to one connection of this node, at most once and without an offset. Does nothing for a closed connection. A message of
   * more than 1 MiB, which exceeds a frame, is not sent: `onError` gets `payload_too_large`.
   */
  send(ws: WebSocketInstance, message: OutgoingMessage<TProtocol> | { readonly type: "pong" }): void {
    this.#parts.publisher.toConnection(ws, message);
  }

  /**
   * Sends a request to a client on any node; the client answers with `client.onRequest`. The promise always settles,
   * at the latest when the connection closes, because a request is not repeated after a reconnect. A request before the welcome
   * is sent after it, so do not await it in `onConnect`, which runs before the welcome. For a user, every device is asked, and the
   * first answer counts; if all fail, the first error with which a client answered.
   *
   * @throws HalyardError by rejecting: `timeout`; `unavailable` without the connection or its node; `not_found` for a plain client
   * and for a client without a handler; `limit_exceeded` above `limits.unansweredRequests`; `payload_too_large` for an
   * input of more than 1 MiB; `invalid_message` for an answer that does not fit its schema; or the error of the client's
   * handler. Otherwise the signal's reason, or a TypeError for an input that does not fit its schema.
   * @example
   * const { answer } = await manager.request(ws, "confirm", { question: "Delete the room?" });
   */
  request<TName extends keyof TProtocol["serverRequests"] & string>(
    target: RequestTarget,
    name: TName,
    ...[input, options]: RequestArguments<TProtocol["serverRequests"][TName]["input"]["_zod"]["input"]>
  ): Promise<TProtocol["serverRequests"][TName]["output"]["_zod"]["output"]> {
    return this.#parts.serverRequests.request(target, { ...options, name, input });
  }

  /**
   * Sends a request to every connection in a room, on every node. Resolves when all have answered or at the time-out; a
   * connection that has not answered is included in the result, with the reason.
   *
   * @throws HalyardError by rejecting: `limit_exceeded` for more than 1,000 connections, in which case none is asked;
   * `unavailable` when the backplane cannot list the users in the room. Otherwise the signal's reason, or a TypeError
   */
  async requestRoom<TName extends keyof TProtocol["serverRequests"] & string>(
    room: string,
    name: TName,
    ...[input, options]: RequestArguments<TProtocol["serverRequests"][TName]["input"]["_zod"]["input"]>
  ): Promise<readonly RoomReply<TProtocol["serverRequests"][TName]["output"]["_zod"]["output"]>[]> {
    return this.#parts.serverRequests.requestRoom(checkedRoomName(room), { ...options, name, input });
  }

  /**
   * Gives a room to a client: its connection joins without asking `authorize`, and so does each later connection of the
   * client, on any node, until `leave`, until the client leaves the room, until a ban, or until the client has been away
   * for 5 minutes. A plain client has no later connection. The client reads the room's history and, unless
   * `builtIns.presence` is `false`, its list of users; `authorize` still decides what it may publish. While the backplane is
   * away this resolves, and the connection enters the room when the backplane is back.
   *
   * @throws TypeError by rejecting, for a string that is not a room name; HalyardError `limit_exceeded` above `limits.rooms`,
   * and what the backplane rejects with beside `unavailable`
   */
  async join(ws: WebSocketInstance, room: string): Promise<void> {
    const name = checkedRoomName(room);
    const connection = this.#parts.connections.of(ws);
    if (connection !== undefined) await this.#parts.rooms.joinByServer(connection, name);
  }

  /**
   * Removes a connection from a room. Its client gets `left`, and a room that was given is taken back.
   *
   * @throws TypeError by rejecting, for a string that is not a room name; or what the backplane rejects with: then the connection
   * has left, but the client's next one may be in the room again
   */
  async leave(ws: WebSocketInstance, room: string): Promise<void> {
    const name = checkedRoomName(room);
    const connection = this.#parts.connections.of(ws);
    if (connection !== undefined) await this.#parts.rooms.leaveByServer(connection, name);
  }

  /** Closes every connection of a user, on every node: see {@link Publisher.disconnectUser}. */
  disconnectUser(userId: string, options: DisconnectOptions = {}): Promise<void> {
    return this.#parts.revocations.disconnectUser(userId, options);
  }

  /**
   * Closes every connection that was opened with this session, including any that opens within 30 days, with 4401. Otherwise like
   * {@link disconnectUser}.
   */
  disconnectSession(sessionId: string, options: DisconnectOptions = {}): Promise<void> {
    return this.#parts.revocations.disconnectSession(sessionId, options);
  }

  /** Closes every connection in a room, on every node: see {@link Publisher.disconnectRoom}. */
  async disconnectRoom(room: string, options: DisconnectOptions = {}): Promise<void> {
    await this.#parts.roomCloses.disconnectRoom(checkedRoomName(room), options);
  }

  /** Removes a user from a room, on every node: see {@link Publisher.removeFromRoom}. */
  async removeFromRoom(userId: string, room: string): Promise<void> {
    await this.#parts.userRights.removeFromRoom(userId, checkedRoomName(room));
  }

  /** Asks `authorize` again about everything that the user's connections hold: see {@link Publisher.reauthorize}. */
  reauthorize(userId: string): Promise<void> {
    return this.#parts.userRights.reauthorize(userId);
  }

  /** How many users and connections this node has. Synchronous. */
  getConnectionStats(): ConnectionStats {
    const { connections } = this.#parts;
    return { totalUsers: connections.connectedUsers.size, totalConnections: connections.size };
  }

  /** How many users and connections all nodes have, asked now. Never rejects. */
  getClusterStats(): Promise<ClusterStats> {
    return this.#parts.statistics.everywhere();
  }

  /** How many users and connections are in a room, over all nodes: see {@link Publisher.getRoomStats}. */
  async getRoomStats(room: string): Promise<ConnectionStats> {
    return this.#parts.roomStats(checkedRoomName(room));
  }

  /** The metrics of this node: {@link getConnectionStats}, handshakes, the history, security events and more. */
  getMetrics(): Metrics {
    return metricsOf(this.#parts);
  }

  /**
   * Whether this node works. Synchronous, from the last probe of the backplane, which is at most two seconds old. Serve `ready` to a
   * readiness probe. For a liveness probe any answer is enough, because a restart does not bring a backplane back.
   */
  health(): Health {
    return this.#health.read();
  }

  /**
   * Lists the users who are online or in a room, on every node, in pages of 200. A user whose connection was lost stays listed for
   * `limits.leaveGraceMs`.
   *
   * @throws TypeError by rejecting, for a room that is not a room name, and for each room where `builtIns.presence` is `false`
   */
  async listUsers({ room, cursor }: UserPage = {}): Promise<UserList> {
    const name = room === undefined ? undefined : checkedRoomName(room);
    if (name !== undefined) this.#parts.rooms.assertHasUsers();
    return this.#parts.presence.list({ room: name, cursor });
  }

  /**
   * Moves this node's clients to other nodes: refuses upgrades, announces the move with `reconnect`, waits up to 10 s for running
   * handlers, and closes with 4012. With several nodes it closes slot by slot; a node that is alone, also one on Redis,
   * closes all at once and gives random reconnect delays.
   *
   * @throws TypeError by rejecting, for options that cannot work: nothing is moved then
   */
  drain(options: DrainOptions = {}): Promise<void> {
    return drainNode(this.#parts, options);
  }

  /**
   * Closes every connection with 1001 and stops: no subscription is left, and no timer except those of running handlers.
   * Queued messages do not run; their senders get no reply.
   */
  close(): Promise<void> {
    return closeNode(this.#parts);
  }
}

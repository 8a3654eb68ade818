// Creates a publisher, with which a process without sockets publishes over a backplane. Exported by the entry publisher.ts.
// Guarantees: no connection is opened before the first use; a publish never rejects; nothing is published after `close`.
import type { AnyProtocol, BuiltinProtocol, OutgoingMessage } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { ApplicationGuard } from "../application/application-guard.ts";
import { assertBackplane } from "../application/option-kinds.ts";
import type { Backplane } from "../backplane.ts";
import { checkedRoomName, checkedRoomNames } from "../channels/channel-name.ts";
import { publishMessage, toStored } from "../channels/publish-message.ts";
import { listUsers } from "../presence/user-pages.ts";
import { checkedLimits } from "../connection/checked-limits.ts";
import { ConnectionTable } from "../connection/connection-table.ts";
import { Revocations } from "../connection/revocations.ts";
import type { ServerLimits } from "../limits.ts";
import type { Logger } from "../logger.ts";
import { loggerOf } from "../logging/logger-of.ts";
import { MessagePublisher } from "../messages/message-publisher.ts";
import { MessageTypeRegistry } from "../messages/message-types.ts";
import type {
  Clock,
  ConnectionStats,
  DisconnectOptions,
  Published,
  SendOptions,
  UserList,
  UserPage,
} from "../types.ts";
import { holdingClock, systemClock } from "../utils/clock.ts";
import { addPublisher, nodeOn, removePublisher } from "./backplane-users.ts";
import type { UserActions } from "./backplane-users.ts";
import type { Publisher } from "./cluster-types.ts";
import { NodeInstructions } from "./node-instructions.ts";
import { RoomCloses } from "./room-closes.ts";
import { storedRoomStats } from "./room-statistics.ts";
import { UserRights } from "./user-rights.ts";

/** The options of {@link createPublisher}. */
export interface PublisherOptions<TProtocol extends AnyProtocol> {
  /** The backplane of the nodes: the same store, the same prefix. A manager and a publisher in one process may share one object. */
  readonly backplane: Backplane;
  /** The application's contract, from `defineProtocol`. @default the built-in messages only */
  readonly protocol?: TProtocol | undefined;
  /** Receives a line for each message that was not published; `false` logs nothing. @default warnings and errors to the console */
  readonly logger?: Logger | false | undefined;
  /** The history limits of the nodes, which also bound what a publisher stores. @default the defaults of the system */
  readonly limits?: Pick<Partial<ServerLimits>, "historyBytes" | "historyMessages" | "historyMs"> | undefined;
  /** Time, timers and random numbers, for tests. @default the runtime's */
  readonly clock?: Clock | undefined;
}

/**
 * Creates a publisher for a process without sockets: a worker, a cron job, a route handler. It connects at its first use. Like a manager,
 * it never rejects a publish: see {@link Published.error}.
 *
 * @example
 * const publisher = createPublisher({ backplane: redisBackplane({ url }), protocol });
 * const { error } = await publisher.sendToRoom("orders", { type: "order_paid", id });
 */
export function createPublisher<TProtocol extends AnyProtocol = BuiltinProtocol>(
  options: PublisherOptions<TProtocol>,
): Publisher<TProtocol> {
  return new BackplanePublisher<TProtocol>(options);
}

class BackplanePublisher<TProtocol extends AnyProtocol> implements Publisher<TProtocol> {
  readonly #backplane: Backplane;
  readonly #messages: MessagePublisher;
  readonly #actions: UserActions;
  readonly #stopLogger: () => void;
  #closed: Promise<void> | undefined;

  constructor({ backplane, protocol, logger, limits, clock = systemClock }: PublisherOptions<TProtocol>) {
    assertBackplane(backplane);
    this.#backplane = backplane;
    const systemLogger = loggerOf(logger, { clock });
    this.#stopLogger = systemLogger.stop;
    const guard = new ApplicationGuard({ onError: undefined, ...systemLogger, clock });
    const { historyMessages: messages, historyBytes: bytes, historyMs: ms } = checkedLimits(limits);
    // A publish is repeated after a wait, in which a worker that awaits it may have no other handle.
    const waits = clock === systemClock ? holdingClock : clock;
    const parts = { backplane, clock: waits, retention: { messages, bytes, ms } };
    const connections = new ConnectionTable();
    this.#messages = new MessagePublisher({
      // Not called for a publish whose message is invalid.
      channels: {
        publish: (channel, message) => {
          if (this.#closed) return Promise.reject(closedError());
          return publishMessage(parts, channel, message);
        },
        toStored: (channel, message) => toStored(parts, channel, message),
      },
      clock,
      connections,
      types: new MessageTypeRegistry(protocol),
      report: (error) => {
        guard.logger.error({ err: error }, "a message was not published");
      },
    });
    const onError = (): void => {};
    const instructions = new NodeInstructions({ backplane, clock, onError });
    const withoutConnections = { backplane, connections, clock, instructions, onError };
    const clientRooms = { take: () => undefined };
    this.#actions = {
      revocations: new Revocations(withoutConnections),
      roomCloses: new RoomCloses({ ...withoutConnections, clientRooms, membersOf: () => [] }),
      userRights: new UserRights(withoutConnections),
    };
    addPublisher(backplane);
  }

  broadcastMessage(message: OutgoingMessage<TProtocol> | string, options?: SendOptions): Promise<Published> {
    return this.#messages.toAll(message, options);
  }

  sendToRoom(room: string, message: OutgoingMessage<TProtocol>, options?: SendOptions): Promise<Published> {
    return this.#messages.toRoom(checkedRoomName(room), message, options);
  }

  sendToRooms(
    rooms: readonly string[],
    message: OutgoingMessage<TProtocol>,
    options?: SendOptions,
  ): Promise<readonly Published[]> {
    return this.#messages.toRooms(checkedRoomNames(rooms), message, options);
  }

  sendToUser(userId: string, message: OutgoingMessage<TProtocol>, options?: SendOptions): Promise<Published> {
    return this.#messages.toUser(userId, message, options);
  }

  async disconnectUser(userId: string, options: DisconnectOptions = {}): Promise<void> {
    await this.#acting.revocations.disconnectUser(userId, options);
  }

  async disconnectSession(sessionId: string, options: DisconnectOptions = {}): Promise<void> {
    await this.#acting.revocations.disconnectSession(sessionId, options);
  }

  async disconnectRoom(room: string, options: DisconnectOptions = {}): Promise<void> {
    await this.#acting.roomCloses.disconnectRoom(checkedRoomName(room), options);
  }

  async removeFromRoom(userId: string, room: string): Promise<void> {
    await this.#acting.userRights.removeFromRoom(userId, checkedRoomName(room));
  }

  async reauthorize(userId: string): Promise<void> {
    await this.#acting.userRights.reauthorize(userId);
  }

  async getRoomStats(room: string): Promise<ConnectionStats> {
    this.#assertOpen();
    return storedRoomStats(this.#backplane, checkedRoomName(room));
  }

  async listUsers({ room, cursor }: UserPage = {}): Promise<UserList> {
    this.#assertOpen();
    const name = room === undefined ? undefined : checkedRoomName(room);
    return listUsers(this.#backplane, { room: name, cursor });
  }

  close(): Promise<void> {
    if (this.#closed === undefined) this.#stopLogger();
    return (this.#closed ??= removePublisher(this.#backplane));
  }

  /** The part that acts on connections: the manager of this process, if it uses the same backplane. */
  get #acting(): UserActions {
    this.#assertOpen();
    return nodeOn(this.#backplane) ?? this.#actions;
  }

  #assertOpen(): void {
    if (this.#closed) throw closedError();
  }
}

function closedError(): HalyardError {
  return new HalyardError("unavailable", "The publisher is closed.");
}

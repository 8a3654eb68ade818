// The public types of the operations that cover all nodes. Exported by index.ts and publisher.ts.
import type { AnyProtocol, BuiltinProtocol, HalyardError, OutgoingMessage } from "@halyard/protocol";
import type {
  ConnectionStats,
  DisconnectOptions,
  Published,
  SendOptions,
  UserList,
  UserPage,
  WebSocketInstance,
} from "../types.ts";

/** Publishes, closes connections and lists users from any process. Implemented by the manager, and by `createPublisher`. */
export interface Publisher<TProtocol extends AnyProtocol = BuiltinProtocol> {
  /**
   * Publishes a message to all connections of all nodes.
   *
   * @returns never rejects: see {@link Published.error}
   * @throws TypeError at once when the message is not one that a server may send
   */
  broadcastMessage(message: OutgoingMessage<TProtocol> | string, options?: SendOptions): Promise<Published>;
  /**
   * Publishes a message to all members of a room, on every node. Otherwise like {@link broadcastMessage}.
   *
   * @throws TypeError at once for a string that is not a room name
   */
  sendToRoom(room: string, message: OutgoingMessage<TProtocol>, options?: SendOptions): Promise<Published>;
  /**
   * Publishes one message to several rooms, one after the other: a connection in more than one of them gets it once. Stops at the first
   * room that fails; a call with the same `idempotencyKey` and the same rooms continues there. A message that is published to one of the
   * rooms before this resolves may arrive first. A client that joins one of the rooms between two steps of the call, and
   * loses its connection before it gets the message, may miss it; separate publishes to each room do not have this risk.
   *
   * @param rooms at most 100, without duplicates
   * @returns the result for each room, with the same message id; never rejects
   * @throws TypeError at once for a string that is not a room name, a room that is named twice, or a message that a server may not send
   * @example
   * await manager.sendToRooms(["product:7", "dashboard"], { type: "stock", left: 3 }, { except: { userIds: [buyer.id] } });
   */
  sendToRooms(
    rooms: readonly string[],
    message: OutgoingMessage<TProtocol>,
    options?: SendOptions,
  ): Promise<readonly Published[]>;
  /** Publishes a message to all connections of a user, on every node. Otherwise like {@link broadcastMessage}. */
  sendToUser(userId: string, message: OutgoingMessage<TProtocol>, options?: SendOptions): Promise<Published>;
  /**
   * Closes every connection of a user, on every node, including those that were authenticated before this call and open later,
   * and those of a node that is cut off now, once it is back. Resolves when the order to close is stored.
   *
   * @throws HalyardError `unavailable` by rejecting, when it could not be stored; the connections of this process are closed even then
   */
  disconnectUser(userId: string, options?: DisconnectOptions): Promise<void>;
  /** Closes every connection that was opened with this session. Otherwise like {@link disconnectUser}. */
  disconnectSession(sessionId: string, options?: DisconnectOptions): Promise<void>;
  /**
   * Closes every connection in a room, on every node. The users may reconnect, and `authorize` decides whether they may
   * join the room again, also if the server had given them the room. A node that is cut off from the backplane closes its
   * connections when it is back.
   *
   * @throws HalyardError `unavailable` by rejecting, when other nodes may not know; TypeError for a string that is not a room name
   */
  disconnectRoom(room: string, options?: DisconnectOptions): Promise<void>;
  /**
   * Removes a user from a room, on every node: each of the user's connections gets `left` with `forbidden`, and a room that the
   * server had given to a client of the user is taken back, even if the client is away. The user may join again, and
   * `authorize` decides, also about a join that is waiting for its answer: change what `authorize` reads before this call. A node
   * that is cut off from the backplane removes the user when it is back, before it delivers anything.
   *
   * @throws HalyardError `unavailable` by rejecting, when other nodes may not know; TypeError for a string that is not a room name
   * @example
   * await db.members.delete({ teamId, userId });
   * await manager.removeFromRoom(userId, `team:${teamId}`);
   */
  removeFromRoom(userId: string, room: string): Promise<void>;
  /**
   * Asks `authorize` again about everything that the user's connections hold, on every node, as after a change of the session. Use it
   * when the data that `authorize` reads has changed and the affected rooms are not known. Denied rooms are left; each channel is
   * withheld until it is granted again. `authorize` is not asked about rooms that the server gave. A node that is cut off from
   * the backplane asks when it is back.
   *
   * @throws HalyardError `unavailable` by rejecting, when other nodes may not know
   */
  reauthorize(userId: string): Promise<void>;
  /**
   * How many users and connections are in a room, over all nodes. Users within `limits.leaveGraceMs` count. When the system has
   * `builtIns.presence` off, only a manager can answer, and it counts the users of at most 1,000 connections of each node.
   *
   * @throws HalyardError `unavailable` by rejecting; TypeError for a string that is not a room name
   */
  getRoomStats(room: string): Promise<ConnectionStats>;
  /**
   * The users who are online or in a room, on every node, in pages of 200.
   *
   * @throws TypeError by rejecting, for a room that is not a room name; HalyardError `unavailable`
   */
  listUsers(page?: UserPage): Promise<UserList>;
  /** Resolves when all earlier publishes have settled; no timer and no connection to the backplane is left. */
  close(): Promise<void>;
}

/** The counts of one node. */
export interface NodeStats extends ConnectionStats {
  readonly nodeId: string;
  /** When the node started, in ms since 1970, by the node's own clock. */
  readonly startedAt: number;
  /** How many rooms connections of the node are in. */
  readonly rooms: number;
  /** Whether the node refuses new connections because it is drained or closed. */
  readonly draining: boolean;
}

/** The counts of all nodes. With several nodes, `totalUsers` counts each user once, including users within `limits.leaveGraceMs`. */
export interface ClusterStats extends ConnectionStats {
  /** The nodes that answered within 1 s, this one first. */
  readonly nodes: readonly NodeStats[];
  /** The ids of the nodes that have not ended and did not answer. Their connections are not counted. */
  readonly missing: readonly string[];
}

/** One connection, or a user: then every device is asked, and the first answer counts. */
export type RequestTarget =
  WebSocketInstance | { readonly connectionId: string } | { readonly userId: string };

/** The answer of one connection in a room, in the form of `Promise.allSettled`. */
export type RoomReply<TReply> =
  | {
      readonly status: "fulfilled";
      readonly userId: string;
      readonly connectionId: string;
      readonly value: TReply;
    }
  | {
      readonly status: "rejected";
      readonly userId: string;
      /**
       * Empty when its node did not answer, so that only the user is known. With `builtIns.presence` off, the user is unknown as well:
       * then both are empty, in one entry for each such node.
       */
      readonly connectionId: string;
      /** The error with which {@link WebSocketManager.request} would have rejected. */
      readonly reason: HalyardError;
    };

// The public types of what acts over all nodes. Exported by index.ts and publisher.ts.
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

/** What can be published, closed and listed from any process. A manager is one, and so is what `createPublisher` makes. */
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
   * Publishes one message to several rooms, one after the other: a connection in more than one of them gets it once. Ends at the first
   * room that fails; a call with the same `idempotencyKey` and the same rooms goes on there. What is published to one of the rooms
   * before this resolves may come before the message. A client that joins one of the rooms between two steps of the call, and
   * loses its connection before it gets the message, may miss it: one publish for each room has no such moment.
   *
   * @param rooms at most 100, without doubles
   * @returns for each room what became of the message there, with the same id; never rejects
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
   * Closes every connection of a user, on every node: also those that were authenticated before this call and open later,
   * and those of a node that is cut off, once it is back. Resolves when that is stored.
   *
   * @throws HalyardError `unavailable` by rejecting, when it could not be stored; the connections of this process are closed
   */
  disconnectUser(userId: string, options?: DisconnectOptions): Promise<void>;
  /** Closes every connection that was opened with this session. Otherwise like {@link disconnectUser}. */
  disconnectSession(sessionId: string, options?: DisconnectOptions): Promise<void>;
  /**
   * Closes every connection in a room, on every node. The users may come back, and `authorize` decides whether into the room, also
   * where the server had given it to them. A node that is cut off from the backplane is not reached.
   *
   * @throws HalyardError `unavailable` by rejecting, when other nodes may not know; TypeError for a string that is not a room name
   */
  disconnectRoom(room: string, options?: DisconnectOptions): Promise<void>;
  /**
   * Removes a user from a room, on every node: each of the user's connections gets `left` with `forbidden`, and a room that the
   * server had given to a client of the user is that client's no longer, also of one that is away. The user may join again, and
   * `authorize` decides, also about a join that waits for its answer now: change what `authorize` reads before this call. A node
   * that is cut off from the backplane is not reached.
   *
   * @throws HalyardError `unavailable` by rejecting, when other nodes may not know; TypeError for a string that is not a room name
   * @example
   * await db.members.delete({ teamId, userId });
   * await manager.removeFromRoom(userId, `team:${teamId}`);
   */
  removeFromRoom(userId: string, room: string): Promise<void>;
  /**
   * Asks `authorize` again for everything that the user's connections hold, on every node, as after a change of the session: for
   * when what `authorize` reads has changed, and the rooms are not known. What is refused is left; what is asked for is
   * withheld meanwhile and follows when it is granted. A room that the server gave is not asked for. A node that is cut off from
   * the backplane is not reached.
   *
   * @throws HalyardError `unavailable` by rejecting, when other nodes may not know
   */
  reauthorize(userId: string): Promise<void>;
  /**
   * How many users and connections are in a room, over all nodes. Users in `limits.leaveGraceMs` count. Where the system has
   * `builtIns.presence` off, only a manager knows: users of at most 1,000 connections of a node.
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
  /** Ends its work when what was published before has settled; no timer and no connection to the backplane is left. */
  close(): Promise<void>;
}

/** What one node has. */
export interface NodeStats extends ConnectionStats {
  readonly nodeId: string;
  /** In ms since 1970, by the node's own clock. */
  readonly startedAt: number;
  /** The rooms that connections of the node are in. */
  readonly rooms: number;
  /** Whether it takes no new connections, because it is drained or closed. */
  readonly draining: boolean;
}

/** What all nodes have. With several nodes `totalUsers` counts each user once, and those in `limits.leaveGraceMs` as well. */
export interface ClusterStats extends ConnectionStats {
  /** The nodes that answered within 1 s, this one first. */
  readonly nodes: readonly NodeStats[];
  /** The ids of the nodes that have not ended and did not answer. Their connections are not counted. */
  readonly missing: readonly string[];
}

/** One connection; or a user: every device is asked, and the first answer counts. */
export type RequestTarget =
  WebSocketInstance | { readonly connectionId: string } | { readonly userId: string };

/** The answer of one connection in a room, in the words of `Promise.allSettled`. */
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
       * Empty where its node did not answer, so that only the user is known. With `builtIns.presence` off not even the user is:
       * both are empty then, once for each node.
       */
      readonly connectionId: string;
      /** As {@link WebSocketManager.request} rejects. */
      readonly reason: HalyardError;
    };

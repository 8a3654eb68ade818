import type { GapReason, PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { QueueState } from "../common/receipt.ts";
import type { ConnectionState } from "../connection/connection-state.ts";

/** How a message reached this client. */
export interface Delivery {
  /** The room that the message was sent to; undefined when it was sent to all users, or to this user. */
  readonly room: string | undefined;
  /** Whether the message was missed while the connection was lost, and is now replayed. */
  readonly replayed: boolean;
}

/** The events of one client, with their arguments. */
export interface ClientEvents {
  state: [state: ConnectionState];
  queue: [queue: QueueState];
  gap: [channel: string, reason: GapReason];
  users: [channel: string, users: readonly PublicUser[]];
  /** The state of a room has changed, or a handle was left. Each handle then reads its own state. */
  room: [];
  /** Emitted with every event, without arguments: each store compares its value with the last known one. */
  any: [];
  /** A copy goes only to listeners of its room, because the message itself came in another room. */
  message: [message: Frame, delivery: Delivery, channel: string, isCopy: boolean];
}

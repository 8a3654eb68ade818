import type { GapReason, PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { QueueState } from "../common/receipt.ts";
import type { ConnectionState } from "../connection/connection-state.ts";

/** How a message came to this client. */
export interface Delivery {
  /** The room that the message was sent to; undefined when it was sent to all users, or to this user. */
  readonly room: string | undefined;
  /** Whether the message was missed while the connection was away, and is replayed now. */
  readonly replayed: boolean;
}

/** The events that listeners of one client subscribe to, with what each of them carries. */
export interface ClientEvents {
  state: [state: ConnectionState];
  queue: [queue: QueueState];
  gap: [channel: string, reason: GapReason];
  users: [channel: string, users: readonly PublicUser[]];
  /** The state of a room has changed, or a handle of a room was left: each handle looks at its own state. */
  room: [];
  /** Every event, without what it carries: each store compares its value with the one that it knows. */
  any: [];
  /** A copy is for listeners of its room only: the message came in another one. */
  message: [message: Frame, delivery: Delivery, channel: string, isCopy: boolean];
}

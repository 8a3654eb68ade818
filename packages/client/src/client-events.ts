import type { GapReason, PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { ConnectionState } from "./connection-state.js";
import type { QueueState } from "./receipt.js";
import type { RoomEntry } from "./rooms.js";
import type { Delivery } from "./web-socket-client.js";

/** What happens inside of a client, and what goes with it. */
export interface ClientEvents {
  state: [state: ConnectionState];
  queue: [queue: QueueState];
  gap: [channel: string, reason: GapReason];
  users: [channel: string, users: readonly PublicUser[]];
  room: [entry: RoomEntry];
  message: [message: Frame, delivery: Delivery, channel: string];
}

import type { GapReason, PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { ConnectionState } from "../connection/connection-state.ts";
import type { QueueState } from "./receipt.ts";
import type { RoomEntry } from "../rooms/rooms.ts";
import type { Delivery } from "../web-socket-client.ts";

/** What happens inside of a client, and what goes with it. */
export interface ClientEvents {
  state: [state: ConnectionState];
  queue: [queue: QueueState];
  gap: [channel: string, reason: GapReason];
  users: [channel: string, users: readonly PublicUser[]];
  room: [entry: RoomEntry];
  message: [message: Frame, delivery: Delivery, channel: string];
}

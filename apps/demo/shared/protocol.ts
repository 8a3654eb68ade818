import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { z } from "zod";
import { Device } from "./device.ts";
import { MAX_ANNOUNCEMENT_LENGTH, MAX_ROLES, ROOM_PATTERN } from "./constants.ts";

const RoomName = z.string().regex(ROOM_PATTERN);
const MessageId = z.string().max(200);
const UserId = z.string().min(1).max(100);
/** The number of connections of a user, one per tab. */
const TabCount = z.object({ userId: z.string(), tabs: z.int() });

/** A room and the number of its unread messages. `newest` is the newest message of the room, read or not. */
const ListedRoom = z.object({
  name: RoomName,
  unread: z.number().int(),
  newest: z.string().optional(),
});
export type ListedRoom = z.infer<typeof ListedRoom>;

/** A chat message in the history: the fields of the built-in `chat_message`, without `connectedAt` of its author. */
export const StoredMessage = z.object({
  id: z.string(),
  content: z.string(),
  from: z.object({ userId: z.string(), name: z.string() }),
  sentAt: z.string(),
});
export type StoredMessage = z.infer<typeof StoredMessage>;

/** The contract of the demo, in addition to chat, typing, presence and announcements, which are built in. */
export const protocol = defineProtocol({
  clientMessages: {
    // Ephemeral, because the message must not be sent again after the reconnect that it causes.
    cut_connection: message(z.object({}), { ephemeral: true }),
    /** The newest message that the user has seen in the room. Ephemeral: a page sends it with each connection. */
    mark_read: message(z.object({ messageId: MessageId }), { room: "required", ephemeral: true }),
  },
  serverMessages: {
    room_created: message(z.object({ name: RoomName })),
    /** Sent to every tab of a user who has read the messages of a room up to this one. */
    read_position: message(z.object({ room: RoomName, messageId: z.string() })),
    /** The open connections of the user, sent to each of them after one has opened or closed. */
    devices: message(z.object({ devices: z.array(Device) }), { ephemeral: true }),
    /** The number of open connections of a user, sent to all users after one has opened or closed. */
    tabs: message(TabCount, { ephemeral: true }),
  },
  requests: {
    /** The name of the node of this connection; undefined if there is only one node. */
    which_node: request({ output: z.object({ name: z.string().optional() }), repeatable: true }),
    /** The open connections of the user, and the id of the connection that asks. */
    list_devices: request({
      output: z.object({ connectionId: z.string(), devices: z.array(Device) }),
      repeatable: true,
    }),
    /** The users who have more than one connection. */
    count_tabs: request({ output: z.array(TabCount), repeatable: true }),
    list_rooms: request({ output: z.array(ListedRoom), repeatable: true }),
    create_room: request({ input: z.object({ name: RoomName }), output: z.object({ name: RoomName }) }),
    /** A page of a room's messages, the oldest first: the newest ones, or those `before` a message. The server bounds its size. */
    load_history: request({
      input: z.object({ before: MessageId.optional() }),
      output: z.array(StoredMessage),
      room: "required",
      repeatable: true,
    }),
    /** The admins and the guests among these users. */
    list_roles: request({
      input: z.object({ userIds: z.array(UserId).max(MAX_ROLES) }),
      output: z.array(z.object({ userId: z.string(), role: z.enum(["admin", "guest"]) })),
      repeatable: true,
    }),
    /** The newest announcement of the last day. */
    latest_announcement: request({
      output: z.object({ id: z.string(), message: z.string() }).nullable(),
      repeatable: true,
    }),
    announce: request({
      input: z.object({ message: z.string().trim().min(1).max(MAX_ANNOUNCEMENT_LENGTH) }),
      output: z.object({ id: z.string() }),
      requires: { role: "admin" },
    }),
    kick: request({
      input: z.object({ userId: UserId }),
      output: z.object({}),
      requires: { role: "admin" },
    }),
  },
});

/** The contract as a type with a name, which editors show short. A type adds no zod to the page. */
export interface AppProtocol extends ProtocolOf<typeof protocol> {}

import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { z } from "zod";
import { MAX_ANNOUNCEMENT_LENGTH, ROOM_PATTERN } from "./constants.ts";

const RoomName = z.string().regex(ROOM_PATTERN);

/** A chat message as history keeps it: the fields of the built-in `chat_message`, less who is online since when. */
export const StoredMessage = z.object({
  id: z.string(),
  content: z.string(),
  from: z.object({ userId: z.string(), name: z.string() }),
  sentAt: z.string(),
});
export type StoredMessage = z.infer<typeof StoredMessage>;

/** What both sides of the demo agree on, beside chat, typing, presence and announcements, which are built in. */
export const protocol = defineProtocol({
  clientMessages: {
    // Ephemeral, because it must never be sent again after the reconnect that it causes.
    cut_connection: message(z.object({}), { ephemeral: true }),
  },
  serverMessages: {
    room_created: message(z.object({ name: RoomName })),
    /** To every tab of a user whom an admin kicks, right before they are closed: a close code alone says less. */
    kicked: message(z.object({}), { ephemeral: true }),
  },
  requests: {
    /** What the node that this connection is on is called; undefined where there is only one. */
    which_node: request({
      input: z.object({}),
      output: z.object({ name: z.string().optional() }),
      repeatable: true,
    }),
    list_rooms: request({ input: z.object({}), output: z.array(RoomName), repeatable: true }),
    create_room: request({ input: z.object({ name: RoomName }), output: z.object({ name: RoomName }) }),
    /** One page, oldest message first; `before` is the id of the oldest message that the page has. */
    load_history: request({
      input: z.object({ room: RoomName, before: z.string().max(200).optional() }),
      output: z.object({ messages: z.array(StoredMessage), more: z.boolean() }),
      repeatable: true,
    }),
    announce: request({
      input: z.object({ message: z.string().trim().min(1).max(MAX_ANNOUNCEMENT_LENGTH) }),
      output: z.object({ id: z.string() }),
      requires: { role: "admin" },
    }),
    kick: request({
      input: z.object({ userId: z.string().min(1).max(100) }),
      output: z.object({}),
      requires: { role: "admin" },
    }),
  },
});

/** The contract under one name: short in an editor's hover, and a type only, so that no zod reaches the page. */
export interface AppProtocol extends ProtocolOf<typeof protocol> {}

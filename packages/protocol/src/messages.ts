// The schemas of every built-in message, in both directions: PROTOCOL.md, sections 9 and 10, as code.
// Read by the server, which checks each control frame, and by programs that check frames of their own.
// Guarantee: protocol-document.test.ts keeps the page, these schemas and the two unions consistent.
import { z } from "zod";
import { ERROR_CODES } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";
import {
  CLIENT_ID,
  LIMITS,
  MAX_ROOM_NAME_LENGTH,
  ROOM_NAME,
  ROOM_NAME_RULE,
  TOO_MANY_MARKS,
} from "./limits.ts";

const offset = z.int().min(0);
/** Not bounded here, because the channel of a user with a long id is long. `frameMeta` bounds the channels that a client addresses. */
const channelName = z.string().min(1);

/** A room name; the output is in its composed form (NFC). */
export const roomName = z
  .string()
  .max(MAX_ROOM_NAME_LENGTH, { error: ROOM_NAME_RULE, abort: true })
  .refine((name) => !TOO_MANY_MARKS.test(name), { error: ROOM_NAME_RULE, abort: true })
  .overwrite((name) => name.normalize())
  .regex(ROOM_NAME, ROOM_NAME_RULE);

/** The reserved field `$`, which every frame may have. */
export const frameMeta = z.object({
  seq: z.int().min(1).optional(),
  id: z.string().min(1).max(64).optional(),
  ch: channelName.max(LIMITS.channelLength).optional(),
  off: offset.optional(),
  re: z.union([z.int(), z.string().max(64)]).optional(),
  // Only sent by the server; a client's value is ignored.
  also: z.array(z.string()).optional().catch(undefined),
});

/** The public fields of a user; other fields are removed. */
export const publicUser = z.object({
  userId: z.string(),
  name: z.string(),
  image: z.string().optional(),
  connectedAt: z.iso.datetime(),
});

/** A user in a list of users, with or without a presence state. */
const listedUser = publicUser.extend({ presence: z.unknown().optional() });

const errorCode = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);
const gapReason = z.enum(["lost", "trimmed", "too_many", "forbidden"]);
const epoch = z.string().min(1).max(64);
const $ = frameMeta.optional();

// These three travel in both directions.
const request = z.object({
  type: z.literal("request"),
  name: z.string().min(1).max(128),
  input: z.unknown().optional(),
  $,
});
const reply = z.object({ type: z.literal("reply"), result: z.unknown().optional(), $ });
const error = z.object({
  type: z.literal("error"),
  code: errorCode,
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.int().min(0).optional(),
  issues: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .max(LIMITS.errorIssues)
    .optional(),
  application: z.object({ code: z.string().max(64), data: z.unknown().optional() }).optional(),
  $,
});

/** The largest frame, independent of the server's `messageBytes`. */
const FRAME_BYTES = 16 * LIMITS.messageBytes;

/** The fields of a client's chat message, as a handler receives them. */
export const chatFields = z.object({ content: z.string().min(1).max(FRAME_BYTES) });
/** The fields of a client's typing indicator, as a handler receives them. */
export const typingFields = z.object({ isTyping: z.boolean() });

/** The messages that a client may send, by type. */
export const clientMessages = {
  hello: z.object({
    type: z.literal("hello"),
    clientId: z.string().regex(CLIENT_ID),
    attempt: z.int().min(1),
    contract: z.string().max(128).optional(),
    positions: z
      .array(z.object({ ch: z.string(), epoch, off: offset, since: offset.optional() }))
      .default([]),
    // Any text, because an invalid room is answered with `left` and must not end the connection.
    rooms: z.array(z.string()).default([]),
    sharing: z.boolean().optional(),
    $,
  }),
  chat_message: z.object({ type: z.literal("chat_message"), ...chatFields.shape, $ }),
  typing_indicator: z.object({ type: z.literal("typing_indicator"), ...typingFields.shape, $ }),
  ping: z.object({ type: z.literal("ping"), $ }),
  join: z.object({ type: z.literal("join"), room: roomName, $ }),
  leave: z.object({ type: z.literal("leave"), room: roomName, $ }),
  presence_update: z.object({
    type: z.literal("presence_update"),
    room: roomName,
    state: z.record(z.string(), z.unknown()),
    $,
  }),
  request,
  authenticate: z.object({ type: z.literal("authenticate"), ticket: z.string().min(1).max(4096), $ }),
  skip: z.object({ type: z.literal("skip"), $ }),
  reply,
  error,
} as const;

/** The messages that a server may send, by type. */
export const serverMessages = {
  welcome: z.object({
    type: z.literal("welcome"),
    connectionId: z.string(),
    user: publicUser,
    limits: z.object({
      messageBytes: z.int(),
      unacknowledged: z.int(),
      messagesPerSecond: z.number(),
      bytesPerSecond: z.number(),
      messageBurst: z.number().optional(),
      byteBurst: z.number().optional(),
      joinsPerSecond: z.number().optional(),
      joinBurst: z.number().optional(),
      chatPerSecond: z.number().optional(),
      chatBurst: z.number().optional(),
      pingsPerSecond: z.number().optional(),
      rooms: z.int().optional(),
      requests: z.int().optional(),
    }),
    heartbeat: z.object({ intervalMs: z.int(), timeoutMs: z.int() }),
    ephemeral: z.array(z.string()),
    sharing: z.boolean().optional(),
    forgotten: z.boolean().optional(),
    channels: z.record(
      z.string(),
      z.object({
        epoch,
        off: offset,
        head: offset.optional(),
        recovered: z.union([z.literal(true), z.enum(["new", "pending"]), gapReason]),
      }),
    ),
    $,
  }),
  user_list: z.object({
    type: z.literal("user_list"),
    room: roomName.optional(),
    users: z.array(listedUser).max(LIMITS.listedUsers),
    total: z.int().min(0),
    cursor: z.string().optional(),
    $,
  }),
  user_joined: z.object({
    type: z.literal("user_joined"),
    room: roomName.optional(),
    users: z.array(listedUser),
    total: z.int().min(0),
    $,
  }),
  user_left: z.object({
    type: z.literal("user_left"),
    room: roomName.optional(),
    userIds: z.array(z.string()),
    total: z.int().min(0),
    $,
  }),
  chat_message: z.object({
    type: z.literal("chat_message"),
    id: z.string(),
    content: z.string(),
    from: publicUser,
    sentAt: z.iso.datetime(),
    $,
  }),
  typing_indicator: z.object({
    type: z.literal("typing_indicator"),
    userId: z.string(),
    isTyping: z.boolean(),
    $,
  }),
  announcement: z.object({
    type: z.literal("announcement"),
    id: z.string(),
    message: z.string(),
    sentAt: z.iso.datetime(),
    $,
  }),
  pong: z.object({ type: z.literal("pong"), $ }),
  request,
  reply,
  joined: z.object({
    type: z.literal("joined"),
    room: roomName,
    epoch,
    off: offset,
    head: offset.optional(),
    $,
  }),
  left: z.object({ type: z.literal("left"), room: z.string(), reason: errorCode, $ }),
  gap: z.object({ type: z.literal("gap"), ch: channelName, epoch, off: offset, reason: gapReason, $ }),
  skip: z.object({ type: z.literal("skip"), $ }),
  reconnect: z.object({ type: z.literal("reconnect"), afterMs: z.int().min(0), $ }),
  error: error.extend({ mayHaveRun: z.boolean().optional() }),
} as const;

/** A text that can be encoded in UTF-8: lone surrogates become U+FFFD, as in frames of clients. */
const jsonText = z.string().overwrite((value) => value.toWellFormed());

/** The fields that an application passes to `broadcastMessage` for its two built-in types; the server adds the others. */
export const outgoingMessages = {
  chat_message: z.object({ content: jsonText.min(1), from: publicUser.optional() }),
  announcement: z.object({ message: jsonText.min(1) }),
} as const;

/** A frame that a client may send without a contract. */
export const ClientFrame = z.discriminatedUnion("type", [
  clientMessages.hello,
  clientMessages.chat_message,
  clientMessages.typing_indicator,
  clientMessages.ping,
  clientMessages.join,
  clientMessages.leave,
  clientMessages.presence_update,
  clientMessages.request,
  clientMessages.authenticate,
  clientMessages.skip,
  clientMessages.reply,
  clientMessages.error,
]);

/** A frame that a server may send without a contract. */
export const ServerFrame = z.discriminatedUnion("type", [
  serverMessages.welcome,
  serverMessages.user_list,
  serverMessages.user_joined,
  serverMessages.user_left,
  serverMessages.chat_message,
  serverMessages.typing_indicator,
  serverMessages.announcement,
  serverMessages.pong,
  serverMessages.request,
  serverMessages.reply,
  serverMessages.joined,
  serverMessages.left,
  serverMessages.gap,
  serverMessages.skip,
  serverMessages.reconnect,
  serverMessages.error,
]);

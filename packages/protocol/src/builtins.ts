// The types of the messages that every contract has: chat, typing, presence, announcements and errors.
// Read by contract.ts, which puts them beside the application's own; the schemas are in messages.ts.
// Guarantee: control-messages.test-d.ts holds each type equal to its schema.
import type { EphemeralMessage, Message, MessageDefinition } from "./definition.ts";
import type { ErrorCode } from "./errors.ts";

/** The public fields of a user. Never an e-mail address, a network address or a session. */
export interface PublicUser {
  /** The user's id in the application. */
  readonly userId: string;
  /** The display name. */
  readonly name: string;
  /** The URL of a picture. */
  readonly image?: string | undefined;
  /** When the user's first connection opened, ISO 8601. */
  readonly connectedAt: string;
}

/** A user in a room. */
export interface RoomUser<TState = unknown> extends PublicUser {
  /**
   * The latest presence state of the user's devices in the room. Undefined until a device has set one, and removed with that
   * device.
   */
  readonly presence: TState | undefined;
}

/** A user in a list of a room on the wire. */
interface ListedUser extends PublicUser {
  readonly presence?: unknown;
}

/** The built-in messages that a client may send, beside those of the contract. */
export interface BuiltinClientMessages {
  chat_message: Message<{ content: string }>;
  typing_indicator: EphemeralMessage<{ isTyping: boolean }>;
}

/** The built-in messages that a client may listen to, beside those of the contract. */
export interface BuiltinServerMessages {
  chat_message: MessageDefinition<
    { content: string; from?: PublicUser | undefined },
    { id: string; content: string; from: PublicUser; sentAt: string },
    false,
    false
  >;
  typing_indicator: EphemeralMessage<{ userId: string; isTyping: boolean }>;
  announcement: MessageDefinition<
    { message: string },
    { id: string; message: string; sentAt: string },
    false,
    false
  >;
  user_list: EphemeralMessage<{
    room?: string | undefined;
    users: ListedUser[];
    total: number;
    cursor?: string | undefined;
  }>;
  user_joined: EphemeralMessage<{ room?: string | undefined; users: ListedUser[]; total: number }>;
  user_left: EphemeralMessage<{ room?: string | undefined; userIds: string[]; total: number }>;
  error: EphemeralMessage<{
    code: ErrorCode;
    message: string;
    retryable: boolean;
    retryAfterMs?: number | undefined;
    issues?: { path: string; message: string }[] | undefined;
    application?: { code: string; data?: unknown } | undefined;
    mayHaveRun?: boolean | undefined;
  }>;
}

/**
 * Every message type of Halyard's own. A contract cannot define a message with one of these names, nor with one that begins
 * with `halyard_`: later versions add theirs under this prefix.
 */
export const BUILTIN_TYPES = [
  "hello",
  "chat_message",
  "typing_indicator",
  "ping",
  "join",
  "leave",
  "request",
  "authenticate",
  "welcome",
  "user_list",
  "user_joined",
  "user_left",
  "announcement",
  "pong",
  "reply",
  "joined",
  "left",
  "gap",
  "skip",
  "reconnect",
  "error",
  "users",
  "presence_update",
] as const;

/** A message type of Halyard's own. */
export type BuiltinType = (typeof BUILTIN_TYPES)[number];

/** Message types and request names that begin with it are Halyard's own. */
export const RESERVED_PREFIX = "halyard_";

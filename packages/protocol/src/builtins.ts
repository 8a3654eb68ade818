import type { EphemeralMessage, Message, MessageDefinition } from "./definition.ts";
import type { ErrorCode } from "./errors.ts";

/** What others may see of a user. Never an e-mail, an address or a session. */
export interface PublicUser {
  readonly userId: string;
  readonly name: string;
  readonly image?: string | undefined;
  /** When the user's first connection opened, ISO 8601. */
  readonly connectedAt: string;
}

/** What an application may send from a client, beside its own. */
export interface BuiltinClientMessages {
  chat_message: Message<{ content: string }>;
  typing_indicator: EphemeralMessage<{ isTyping: boolean }>;
}

/** What a client may listen to, beside its own. */
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
    users: PublicUser[];
    total: number;
    cursor?: string | undefined;
  }>;
  user_joined: EphemeralMessage<{ room?: string | undefined; users: PublicUser[]; total: number }>;
  user_left: EphemeralMessage<{ room?: string | undefined; userIds: string[]; total: number }>;
  error: EphemeralMessage<{
    code: ErrorCode;
    message: string;
    retryable: boolean;
    retryAfterMs?: number | undefined;
    issues?: { path: string; message: string }[] | undefined;
  }>;
}

/** Every name that Halyard uses on the wire. An application cannot define a message with one of them. */
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
] as const;

export type BuiltinType = (typeof BUILTIN_TYPES)[number];

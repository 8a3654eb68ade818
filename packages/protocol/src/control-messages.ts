import type { PublicUser } from "./builtins.ts";
import type { ErrorCode } from "./errors.ts";
import type { FrameMeta } from "./frames.ts";

/** How far a reader has come in a channel. */
export interface Position {
  readonly epoch: string;
  readonly off: number;
}

/** Why messages of a channel could not be delivered. */
export type GapReason = "lost" | "trimmed" | "too_many" | "forbidden";

/** What became of a channel at a resume. `pending`: the backplane is away, keep the position that you have. */
export interface ChannelState extends Position {
  readonly recovered: true | "new" | "pending" | GapReason;
}

export interface HelloMessage {
  type: "hello";
  clientId: string;
  attempt: number;
  contract?: string | undefined;
  positions: { ch: string; epoch: string; off: number }[];
  rooms: string[];
}

export interface PingMessage {
  type: "ping";
}

export interface JoinMessage {
  type: "join";
  room: string;
}

export interface LeaveMessage {
  type: "leave";
  room: string;
}

export interface RequestMessage {
  type: "request";
  name: string;
  input?: unknown;
}

export interface AuthenticateMessage {
  type: "authenticate";
  ticket: string;
}

export interface WelcomeMessage {
  type: "welcome";
  connectionId: string;
  user: PublicUser;
  limits: { messageBytes: number; unacknowledged: number; messagesPerSecond: number; bytesPerSecond: number };
  heartbeat: { intervalMs: number; timeoutMs: number };
  ephemeral: string[];
  channels: Record<string, ChannelState>;
}

export interface PongMessage {
  type: "pong";
}

export interface ReplyMessage {
  type: "reply";
  result?: unknown;
}

export interface JoinedMessage extends Position {
  type: "joined";
  room: string;
}

export interface LeftMessage {
  type: "left";
  room: string;
  reason: ErrorCode;
}

export interface GapMessage {
  type: "gap";
  ch: string;
  epoch: string;
  off: number;
  reason: GapReason;
}

export interface SkipMessage {
  type: "skip";
}

export interface ReconnectMessage {
  type: "reconnect";
  afterMs: number;
}

/** The messages with which the two ends of Halyard steer the connection; an application never handles them. */
export type ControlMessage = (
  | HelloMessage
  | PingMessage
  | JoinMessage
  | LeaveMessage
  | RequestMessage
  | AuthenticateMessage
  | WelcomeMessage
  | PongMessage
  | ReplyMessage
  | JoinedMessage
  | LeftMessage
  | GapMessage
  | SkipMessage
  | ReconnectMessage
) & { $?: FrameMeta | undefined };

/** What the `reply` to a send carries as its result: the receipt. */
export interface SendResult {
  readonly id: string;
  readonly ch?: string | undefined;
  readonly off?: number | undefined;
}

/** What the `reply` to a join carries: where the room's channel stands. */
export interface JoinResult extends Position {
  readonly ch: string;
}

// The types of the messages with which client and server manage the connection itself.
// Read by the client's connection and the server's control frames; the schemas are in messages.ts.
// Guarantee: control-messages.test-d.ts holds each type equal to its schema.
import type { PublicUser } from "./builtins.ts";
import type { ErrorCode } from "./errors.ts";
import type { FrameMeta } from "./frames.ts";

/** A client's position in a channel: the last message that it has. */
export interface Position {
  /** Identifies one history of the channel; a new epoch begins when the history is lost. */
  readonly epoch: string;
  /** The offset of that message. */
  readonly off: number;
}

/** The position from which a client resumes. */
export interface ResumePosition {
  epoch: string;
  off: number;
  /** The offset to which the position was last set: the client has read the channel from there on, without a gap. Older clients omit it. */
  since?: number | undefined;
}

/** The reason why messages of a channel could not be delivered. */
export type GapReason = "lost" | "trimmed" | "too_many" | "forbidden";

/**
 * The outcome of a resume for one channel. `pending`: not known yet, so the client keeps its position; for a room, `joined`
 * or `left` follows.
 */
export interface ChannelState extends Position {
  /** The newest offset of the channel: the messages that a resumed client missed end here. Older servers omit it. */
  readonly head?: number | undefined;
  readonly recovered: true | "new" | "pending" | GapReason;
}

/** The first frame of a client: who it is, and where it resumes. */
export interface HelloMessage {
  type: "hello";
  clientId: string;
  attempt: number;
  contract?: string | undefined;
  positions: ({ ch: string } & ResumePosition)[];
  rooms: string[];
  /** Whether tabs share the connection, so that an `id` may begin with the client id of one of them. */
  sharing?: boolean | undefined;
}

/** The client asks for a `pong`. */
export interface PingMessage {
  type: "ping";
}

/** The client joins a room; a `reply` carries a {@link JoinResult}. */
export interface JoinMessage {
  type: "join";
  room: string;
}

/** The client leaves a room. */
export interface LeaveMessage {
  type: "leave";
  room: string;
}

/** The complete presence state of the client's user in a room. Answered by `reply` or `error`. */
export interface PresenceUpdateMessage {
  type: "presence_update";
  room: string;
  state: Record<string, unknown>;
}

/** A request, in either direction; answered by `reply` or `error`. */
export interface RequestMessage {
  type: "request";
  name: string;
  input?: unknown;
}

/** The client renews the session of an open connection with a single-use ticket. */
export interface AuthenticateMessage {
  type: "authenticate";
  ticket: string;
}

/** The limits of what a client may send on one connection. Optional fields were added later; older servers omit them. */
export interface WelcomeLimits {
  messageBytes: number;
  unacknowledged: number;
  messagesPerSecond: number;
  bytesPerSecond: number;
  /** How many frames may come at once. */
  messageBurst?: number | undefined;
  /** How many bytes may come at once. */
  byteBurst?: number | undefined;
  joinsPerSecond?: number | undefined;
  joinBurst?: number | undefined;
  chatPerSecond?: number | undefined;
  chatBurst?: number | undefined;
  /** How many WebSocket pings and pongs are allowed, per second and at once. */
  pingsPerSecond?: number | undefined;
  /** How many rooms the connection may be in. */
  rooms?: number | undefined;
  /** How many requests may be unanswered. */
  requests?: number | undefined;
}

/** The server's answer to `hello`: the user, the limits, and the state of each channel. */
export interface WelcomeMessage {
  type: "welcome";
  connectionId: string;
  user: PublicUser;
  limits: WelcomeLimits;
  heartbeat: { intervalMs: number; timeoutMs: number };
  ephemeral: string[];
  /** Whether tabs may share the connection, if the `hello` asks for it. */
  sharing?: boolean | undefined;
  /** Whether the server no longer knows which sends and requests of this client it has run. */
  forgotten?: boolean | undefined;
  channels: Record<string, ChannelState>;
}

/** The answer to `ping`. */
export interface PongMessage {
  type: "pong";
}

/** The successful answer to a send, a join, a leave or a request, which `$.re` names. */
export interface ReplyMessage {
  type: "reply";
  result?: unknown;
}

/** The server itself put this connection into a room, or into one that the welcome called `pending`. */
export interface JoinedMessage extends Position {
  type: "joined";
  room: string;
  /** The newest offset of the channel, if messages up to it follow. */
  head?: number | undefined;
}

/** The server took this connection out of a room, or did not let it in at its `hello`. */
export interface LeftMessage {
  type: "left";
  room: string;
  reason: ErrorCode;
}

/** Messages of a channel could not be delivered; delivery goes on after the position in the gap. */
export interface GapMessage {
  type: "gap";
  ch: string;
  epoch: string;
  off: number;
  reason: GapReason;
}

/** From the server: the messages up to `$.off` are not for this client. From the client: it does not use `$.seq`. */
export interface SkipMessage {
  type: "skip";
}

/** This node drains and is about to close: the client reconnects after `afterMs`. */
export interface ReconnectMessage {
  type: "reconnect";
  afterMs: number;
}

/** Every message with which client and server manage the connection. An application never handles one. */
export type ControlMessage = (
  | HelloMessage
  | PingMessage
  | JoinMessage
  | PresenceUpdateMessage
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

/** The `result` in the `reply` to a send: the receipt. */
export interface SendResult {
  readonly id: string;
  readonly ch?: string | undefined;
  readonly off?: number | undefined;
  /** What the handler returned, where the contract has a `result` for the type. */
  readonly result?: unknown;
}

/** The `result` in the `reply` to a join: the position of the room's channel. */
export interface JoinResult extends Position {
  readonly ch: string;
}

// The contract of an application.
export { defineProtocol, message, request } from "./define-protocol.ts";
export { applicationError } from "./application-error.ts";
export type { ErrorArguments } from "./application-error.ts";
export type {
  AnyProtocol,
  AnyResult,
  BuiltinProtocol,
  EphemeralMessage,
  EphemeralOptions,
  ErrorMap,
  InputOf,
  Message,
  MessageDefinition,
  MessageMap,
  MessagePolicy,
  MessageWith,
  NoPresence,
  NoResult,
  OutputOf,
  ParsedResult,
  Presence,
  Protocol,
  ProtocolOf,
  RelayedEphemeralMessage,
  RelayedMessage,
  RequestDefinition,
  RequestMap,
  RequestPolicy,
  RequestReply,
  RequestWith,
  Result,
  RoomIn,
  RoomRule,
  Rules,
  Schema,
  StatePatch,
} from "./definition.ts";
export type { RequestOptions } from "./contract-checks.ts";

// The types that a contract gives to handlers, listeners and senders.
export type {
  ClientMessage,
  ClientMessages,
  OutgoingMessage,
  PresenceInputOf,
  PresenceStateOf,
  RelayedMessages,
  ServerMessage,
  ServerMessages,
  Typed,
} from "./contract.ts";

// The built-in messages: types.
export { BUILTIN_TYPES, RESERVED_PREFIX } from "./builtins.ts";
export type {
  BuiltinClientMessages,
  BuiltinServerMessages,
  BuiltinType,
  PublicUser,
  RoomUser,
} from "./builtins.ts";
export type {
  AuthenticateMessage,
  ChannelState,
  ControlMessage,
  GapMessage,
  GapReason,
  HelloMessage,
  JoinedMessage,
  JoinMessage,
  JoinResult,
  LeaveMessage,
  LeftMessage,
  PingMessage,
  PongMessage,
  Position,
  PresenceUpdateMessage,
  ReconnectMessage,
  ReplyMessage,
  RequestMessage,
  SendResult,
  SkipMessage,
  WelcomeLimits,
  WelcomeMessage,
} from "./control-messages.ts";

// The built-in messages: schemas, which need zod.
export {
  chatFields,
  ClientFrame,
  clientMessages,
  frameMeta,
  outgoingMessages,
  publicUser,
  roomName,
  ServerFrame,
  serverMessages,
  typingFields,
} from "./messages.ts";
export { WebSocketMessage } from "./web-socket-message.ts";

// Validation of a value against a schema of a contract.
export { validate } from "./validation/validate.ts";
export type { SchemaFailure, Validation } from "./validation/validate.ts";

// The parts that do not need zod, which `@halyard/protocol/wire` exports on its own.
export {
  CLIENT_ID,
  ClientCloseCode,
  CloseCode,
  decodeFrame,
  encodeFrame,
  ERROR_CODES,
  HalyardError,
  isErrorOf,
  isRecoverableClose,
  LIMITS,
  messageIdOf,
  normalizeRoomName,
  retryAfterOf,
  ROOM_NAME,
  ROOM_NAME_RULE,
  SUBPROTOCOL,
  TICKET_PREFIX,
} from "./wire.ts";
export type {
  ApplicationError,
  ApplicationErrorOf,
  ErrorCode,
  ErrorOf,
  Frame,
  FrameMeta,
  HalyardErrorOptions,
  ValidationIssue,
} from "./wire.ts";

export { BUILTIN_TYPES } from "./builtins.js";
export type { BuiltinClientMessages, BuiltinServerMessages, BuiltinType, PublicUser } from "./builtins.js";
export type {
  ClientMessage,
  ClientMessages,
  OutgoingMessage,
  RelayedMessages,
  ServerMessage,
  ServerMessages,
  Typed,
} from "./contract.js";
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
  ReconnectMessage,
  ReplyMessage,
  RequestMessage,
  SendResult,
  SkipMessage,
  WelcomeMessage,
} from "./control.js";
export { defineProtocol, message, request } from "./define-protocol.js";
export type {
  AnyProtocol,
  BuiltinProtocol,
  EphemeralMessage,
  InputOf,
  Message,
  MessageDefinition,
  MessageMap,
  MessagePolicy,
  OutputOf,
  Protocol,
  ProtocolOf,
  RelayedEphemeralMessage,
  RelayedMessage,
  RequestDefinition,
  RequestMap,
  RequestPolicy,
  RequestReply,
  Schema,
} from "./definition.js";
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
} from "./messages.js";
export { validate } from "./validate.js";
export type { Validation, ValidationIssue } from "./validate.js";
export { WebSocketMessage } from "./web-socket-message.js";
export {
  CLIENT_ID,
  ClientCloseCode,
  CloseCode,
  decodeFrame,
  encodeFrame,
  ERROR_CODES,
  HalyardError,
  isRecoverableClose,
  LIMITS,
  messageIdOf,
  retryAfterOf,
  ROOM_NAME,
  SUBPROTOCOL,
  TICKET_PREFIX,
} from "./wire.js";
export type { ErrorCode, Frame, FrameMeta, HalyardErrorOptions } from "./wire.js";

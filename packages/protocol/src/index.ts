export { BUILTIN_TYPES } from "./builtins.ts";
export type { BuiltinClientMessages, BuiltinServerMessages, BuiltinType, PublicUser } from "./builtins.ts";
export type {
  ClientMessage,
  ClientMessages,
  OutgoingMessage,
  RelayedMessages,
  ServerMessage,
  ServerMessages,
  Typed,
} from "./contract.ts";
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
} from "./control-messages.ts";
export { defineProtocol, message, request } from "./define-protocol.ts";
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
} from "./definition.ts";
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
export { validate } from "./validate.ts";
export type { Validation, ValidationIssue } from "./validate.ts";
export { WebSocketMessage } from "./web-socket-message.ts";
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
} from "./wire.ts";
export type { ErrorCode, Frame, FrameMeta, HalyardErrorOptions } from "./wire.ts";

// What a browser needs at run time, without zod.
export { CLIENT_ID, LIMITS, ROOM_NAME } from "./limits.js";
export { ClientCloseCode, CloseCode, isRecoverableClose, retryAfterOf } from "./close-codes.js";
export { ERROR_CODES, HalyardError } from "./errors.js";
export type { ErrorCode, HalyardErrorOptions } from "./errors.js";
export { decodeFrame, encodeFrame } from "./frames.js";
export type { Frame, FrameMeta } from "./frames.js";
export { messageIdOf } from "./message-id.js";
export { SUBPROTOCOL, TICKET_PREFIX } from "./subprotocol.js";

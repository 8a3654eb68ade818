// What a browser needs at run time, without zod.
export { CLIENT_ID, LIMITS, ROOM_NAME } from "./limits.ts";
export { ClientCloseCode, CloseCode, isRecoverableClose, retryAfterOf } from "./close-codes.ts";
export { ERROR_CODES, HalyardError } from "./errors.ts";
export type { ErrorCode, HalyardErrorOptions } from "./errors.ts";
export { decodeFrame, encodeFrame } from "./frames.ts";
export type { Frame, FrameMeta } from "./frames.ts";
export { messageIdOf } from "./message-id.ts";
export { SUBPROTOCOL, TICKET_PREFIX } from "./subprotocol.ts";

// The entry `@halyard/protocol/wire`: the run-time parts of the protocol that need no zod.
// Imported by the client, whose bundle size .size-limit.json limits, and by the server and the tests.
// Guarantee: nothing reachable from here imports zod; index.ts exports all of it, too.
export { CLIENT_ID, LIMITS, normalizeRoomName, ROOM_NAME, ROOM_NAME_RULE } from "./limits.ts";
export { ClientCloseCode, CloseCode, isRecoverableClose, retryAfterOf } from "./close-codes.ts";
export { isErrorOf } from "./error-of.ts";
export type { ApplicationError, ApplicationErrorOf, ErrorOf } from "./error-of.ts";
export { ERROR_CODES, HalyardError } from "./errors.ts";
export type { ErrorCode, HalyardErrorOptions, ValidationIssue } from "./errors.ts";
export { decodeFrame, encodeFrame, SUBPROTOCOL, TICKET_PREFIX } from "./frames.ts";
export type { Frame, FrameMeta } from "./frames.ts";
export { messageIdOf } from "./message-id.ts";

// Bounds the size of frames that the server sends; the runtimes and Inbound bound what clients send. Called wherever the
// application chooses the size of a frame: replies, publishes, requests of the server. Frames that the server itself
// composes (welcomes, lists of users) are bounded by their parts.
import { LIMITS } from "@halyard/protocol/wire";
import { MAX_PAYLOAD_BYTES } from "../limits.ts";
import type { ServerLimits } from "../limits.ts";
import { PayloadTooLargeError } from "../utils/errors.ts";
import { utf8Bytes } from "../utils/text.ts";

/** How much the field `"$"` may add to a message, in bytes: it may contain the channel of a user with a long id. */
const META_BYTES = 4 * 1024;
const MAX_JSON_BYTES = MAX_PAYLOAD_BYTES - META_BYTES;
/** A text of this length certainly fits, because a UTF-16 unit takes at most three bytes of UTF-8. Most texts need no exact measure. */
const CERTAIN_LENGTH = Math.floor(MAX_JSON_BYTES / 3);

/** @throws HalyardError `payload_too_large`, reported as a failure of the application, for a message that exceeds a frame */
export function assertFitsFrame(json: string, type: string): void {
  if (json.length <= CERTAIN_LENGTH) return;
  if (json.length > MAX_JSON_BYTES || utf8Bytes(json) > MAX_JSON_BYTES) throw new PayloadTooLargeError(type);
}

/**
 * The largest `hello`, in bytes. Independently of `messageBytes`, each room appears twice, in `rooms` and in its position, at up to
 * 512 bytes, plus an epoch and an offset.
 */
export function helloBytes({ messageBytes, rooms }: Pick<ServerLimits, "messageBytes" | "rooms">): number {
  return Math.max(messageBytes, 8_192 + Math.max(rooms, LIMITS.rooms) * 1_280);
}

/** The largest frame that a runtime reads, in bytes: the `hello` of a client in more than 800 rooms may exceed every other frame. */
export function readableBytes(limits: ServerLimits): number {
  return Math.max(MAX_PAYLOAD_BYTES, helloBytes(limits));
}

/**
 * The size of a client's text, in bytes of UTF-8. A text longer than the limit, or at most a third of it, is not encoded:
 * its number of characters is enough to decide.
 */
export function inboundBytes(text: string, limit: number): number {
  return text.length > limit || text.length * 3 <= limit ? text.length : utf8Bytes(text);
}

// The bounds of frames. What a client sends is bounded by the runtimes and by Inbound; what the server sends, here. Called wherever the size of a frame is the application's choice: replies,
// publishes, requests of the server. What the server itself puts together (welcomes, lists of users) is bounded by its parts.
import { LIMITS } from "@halyard/protocol/wire";
import { MAX_PAYLOAD_BYTES } from "../limits.ts";
import type { ServerLimits } from "../limits.ts";
import { PayloadTooLargeError } from "../utils/errors.ts";
import { utf8Bytes } from "../utils/text.ts";

/** What `"$"` may add to a message, in bytes: the channel of a user with a long id. */
const META_BYTES = 4 * 1024;
const MAX_JSON_BYTES = MAX_PAYLOAD_BYTES - META_BYTES;
/** A UTF-16 unit is at most three bytes of UTF-8: most texts need not be encoded to be measured. */
const CERTAIN_LENGTH = Math.floor(MAX_JSON_BYTES / 3);

/** @throws HalyardError `payload_too_large`, which is the application's failure, for a message that no frame carries */
export function assertFitsFrame(json: string, type: string): void {
  if (json.length <= CERTAIN_LENGTH) return;
  if (json.length > MAX_JSON_BYTES || utf8Bytes(json) > MAX_JSON_BYTES) throw new PayloadTooLargeError(type);
}

/**
 * The largest `hello`, bytes: whatever `messageBytes` is, each room has its name twice, in `rooms` and in its position, at
 * 512 bytes, and an epoch and an offset.
 */
export function helloBytes({ messageBytes, rooms }: Pick<ServerLimits, "messageBytes" | "rooms">): number {
  return Math.max(messageBytes, 8_192 + Math.max(rooms, LIMITS.rooms) * 1_280);
}

/** The largest frame that a runtime reads, bytes: the `hello` of a client in more than 800 rooms may be larger than any other. */
export function readableBytes(limits: ServerLimits): number {
  return Math.max(MAX_PAYLOAD_BYTES, helloBytes(limits));
}

/**
 * The size of a client's text in bytes of UTF-8. A text longer than the limit, or of at most a third of it, is not encoded:
 * its number of characters decides as well.
 */
export function inboundBytes(text: string, limit: number): number {
  return text.length > limit || text.length * 3 <= limit ? text.length : utf8Bytes(text);
}

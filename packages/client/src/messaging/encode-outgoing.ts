import { HalyardError, encodeFrame } from "@halyard/protocol/wire";
import type { FrameMeta, LIMITS } from "@halyard/protocol/wire";
import type { SendLimits } from "../connection/send-limits.ts";

// Written out, typed by the protocol's table: the table itself would be three times the size.
const MAX_JSON_DEPTH: (typeof LIMITS)["jsonDepth"] = 32;

/** The engine prints the path of a circle. */
const MAX_REASON = 200;

/** A frame's text, or the reason why the server would not read it. */
interface EncodedFrame {
  readonly text: string;
  readonly bytes: number;
  readonly error: HalyardError | undefined;
}

/**
 * Encodes a frame that this client sends. A frame that is too large or nests too deeply is found here, because the
 * server rejects it without reading its id, so that the error would name no message.
 */
export function encodeOutgoing(message: object, meta: FrameMeta, { messageBytes }: SendLimits): EncodedFrame {
  let reason = `more than ${String(MAX_JSON_DEPTH)} levels of JSON`;
  try {
    const text = encodeFrame(JSON.stringify(message), meta);
    const bytes = utf8Bytes(text);
    if (bytes > messageBytes) return { text, bytes, error: new HalyardError("payload_too_large") };
    if (depthOf(JSON.parse(text)) <= MAX_JSON_DEPTH) return { text, bytes, error: undefined };
  } catch (error) {
    // The fields are no JSON. The engine says why: a BigInt, or a circle.
    reason = String((Object(error) as Partial<Error>).message).slice(0, MAX_REASON);
  }
  return { text: "", bytes: 0, error: new HalyardError("invalid_message", `invalid message: ${reason}`) };
}

function depthOf(value: unknown): number {
  return value === Object(value) ? 1 + Math.max(0, ...Object.values(value as object).map(depthOf)) : 0;
}

/** Counted here: jsdom has no TextEncoder. The text is JSON, in which a surrogate has its other half. */
function utf8Bytes(text: string): number {
  const count = (pattern: RegExp) => text.split(pattern).length - 1;
  return text.length + count(/[^\0-\x7f]/) + count(/[\u0800-\ud7ff\ue000-\uffff]/);
}

import { HalyardError, encodeFrame } from "@halyard/protocol/wire";
import type { FrameMeta, LIMITS } from "@halyard/protocol/wire";
import type { SendLimits } from "../connection/send-limits.ts";

// A literal, checked against the protocol's table by its type; the table itself would be three times the size.
const MAX_JSON_DEPTH: (typeof LIMITS)["jsonDepth"] = 32;

/** Cut, because engines print the whole path of a circular reference. */
const MAX_REASON = 200;

/** The text of a frame, or the reason why the server would not accept it. */
interface EncodedFrame {
  readonly text: string;
  readonly bytes: number;
  readonly error: HalyardError | undefined;
}

/**
 * Encodes a frame that this client sends. Frames that are too large or nested too deeply are detected here, because the
 * server rejects it without reading its id, so that the error would name no message.
 */
export function encodeOutgoing(message: object, meta: FrameMeta, { messageBytes }: SendLimits): EncodedFrame {
  let reason = `more than ${MAX_JSON_DEPTH} levels of JSON`;
  try {
    const text = encodeFrame(JSON.stringify(message), meta);
    const bytes = utf8Bytes(text);
    if (bytes > messageBytes) return { text, bytes, error: new HalyardError("payload_too_large") };
    if (depthOf(JSON.parse(text)) <= MAX_JSON_DEPTH) return { text, bytes, error: undefined };
  } catch (error) {
    // The fields cannot be encoded as JSON. The engine says why: a BigInt, or a circular reference.
    reason = String((Object(error) as Partial<Error>).message).slice(0, MAX_REASON);
  }
  return { text: "", bytes: 0, error: new HalyardError("invalid_message", `invalid message: ${reason}`) };
}

function depthOf(value: unknown): number {
  if (value !== Object(value)) return 0;
  // Not `Math.max(...depths)`: a call takes about 120,000 parameters, and a large list has more.
  return (
    1 + Object.values(value as object).reduce<number>((most, field) => Math.max(most, depthOf(field)), 0)
  );
}

/** Counted here because jsdom has no TextEncoder. `encodeURI` writes `%` and two digits for each byte that it escapes. */
function utf8Bytes(text: string): number {
  return encodeURI(text).replace(/%../g, "%").length;
}

import type { WelcomeMessage } from "@halyard/protocol";
import { HalyardError, encodeFrame } from "@halyard/protocol/wire";
import type { FrameMeta, LIMITS } from "@halyard/protocol/wire";

export type Limits = WelcomeMessage["limits"];

/** What holds until the first welcome says more. */
export const DEFAULT_LIMITS: Limits = {
  messageBytes: 64 * 1024,
  unacknowledged: 32,
  messagesPerSecond: 50,
  bytesPerSecond: 256 * 1024,
};

// Written out, typed by the protocol's table: the table itself would be three times the size.
const JSON_DEPTH: (typeof LIMITS)["jsonDepth"] = 32;

/** A frame that is ready to be sent, or the reason why the server would not even look at it. */
export interface Outgoing {
  readonly text: string;
  readonly bytes: number;
  readonly error: HalyardError | undefined;
}

/**
 * Writes a frame. What is too large or nests too deeply must be found out here: the server refuses such a frame
 * without having read what it is for.
 */
export function outgoing(message: object, meta: FrameMeta, { messageBytes }: Limits): Outgoing {
  try {
    const text = encodeFrame(JSON.stringify(message), meta);
    const bytes = new TextEncoder().encode(text).length;
    const isTooDeep = bytes <= messageBytes && depthOf(JSON.parse(text)) > JSON_DEPTH;
    const code = isTooDeep ? "invalid_message" : bytes > messageBytes && "payload_too_large";
    return { text, bytes, error: code ? new HalyardError(code) : undefined };
  } catch {
    return { text: "", bytes: 0, error: new HalyardError("invalid_message") };
  }
}

function depthOf(value: unknown): number {
  return value === Object(value) ? 1 + Math.max(0, ...Object.values(value as object).map(depthOf)) : 0;
}

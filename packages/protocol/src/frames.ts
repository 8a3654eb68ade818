// Reads and writes the text of a frame: a JSON object with a `type`, and the reserved field `$`.
// Called by the server and the client, for every frame in both directions.
// Guarantees: decoding never throws, allows at most 32 levels of nesting, and returns only well-formed text.
import { LIMITS } from "./limits.ts";

/** The reserved field `$` of a frame, with what client and server need in addition to the fields of the message. */
export interface FrameMeta {
  /** Client to server: the number of a send, counted per client from 1. */
  readonly seq?: number;
  /** The id of a request, a join or a leave, chosen by its sender. */
  readonly id?: string;
  /** The channel that the message is sent to, or comes from. */
  readonly ch?: string | undefined;
  /** Server to client: the message's offset in its channel. */
  readonly off?: number;
  /** Server to client: the channels of other rooms of this connection that the message is for. A `skip` follows in each. */
  readonly also?: string[] | undefined;
  /** The `seq` or `id` that this frame answers. */
  readonly re?: number | string;
}

/** A parsed frame. Only `type` has been checked. */
export interface Frame {
  readonly type: string;
  readonly $?: FrameMeta;
  readonly [field: string]: unknown;
}

/**
 * Parses a text frame from an untrusted sender. A lone surrogate, which JSON may contain as an escape, becomes
 * U+FFFD.
 *
 * @param brackets the number of `{` and `[` in the text, if the caller knows it: if there are few, the depth scan is skipped
 * @returns the object, or `"invalid_json"` when the text is not JSON, or `"invalid_message"` when it nests too deeply
 * or is not an object with a string `type`.
 */
export function decodeFrame(text: string, brackets = Infinity): Frame | "invalid_json" | "invalid_message" {
  if (brackets > LIMITS.jsonDepth && isDeeperThan(text, LIMITS.jsonDepth)) return "invalid_message";
  let value: unknown;
  try {
    value = JSON.parse(replaceLoneSurrogates(text));
  } catch {
    return "invalid_json";
  }
  return isFrame(value) ? value : "invalid_message";
}

/**
 * Replaces lone surrogates in JSON text by U+FFFD. A text that was decoded from UTF-8 contains none, nor does the result of
 * `JSON.stringify`: only an escape can produce one, and few texts contain a surrogate escape.
 */
export function replaceLoneSurrogates(json: string): string {
  if (!json.includes("\\u") || !SURROGATE.test(json)) return json;
  // Matches every escape, so that an escaped backslash is not taken for the start of one. Only a lone surrogate's match has six characters.
  return json.replace(ESCAPE, (escape) => (escape.length === 6 ? "\\ufffd" : escape));
}

const SURROGATE = /\\u[dD][89a-fA-F]/;
const ESCAPE =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|[^])/g;

function isFrame(value: unknown): value is Frame {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "type")) return false;
  return "type" in value && typeof value.type === "string";
}

/** Encodes a frame: the JSON text of the message, which has at least a `type`, with the reserved field appended. */
export function encodeFrame(json: string, meta: FrameMeta): string {
  return `${json.slice(0, -1)},"$":${JSON.stringify(meta)}}`;
}

/**
 * Whether JSON text nests deeper than `depth`. Runs before the text is parsed, because schema libraries and
 * `JSON.stringify` overflow the stack on values that `JSON.parse` still accepts.
 */
export function isDeeperThan(text: string, depth: number): boolean {
  if (!hasMoreBracketsThan(text, depth)) return false;
  let level = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (quoted) {
      if (char === BACKSLASH) index++;
      else if (char === QUOTE) quoted = false;
    } else if (char === QUOTE) quoted = true;
    else if (char === BRACE || char === BRACKET) {
      if (++level > depth) return true;
    } else if (char === BRACE_END || char === BRACKET_END) level--;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

/**
 * A quick check before the scan, because nesting needs that many opening brackets: two native searches suffice for nearly
 * every message.
 */
function hasMoreBracketsThan(text: string, count: number): boolean {
  let left = count;
  for (let index = text.indexOf("{"); index !== -1; index = text.indexOf("{", index + 1))
    if (--left < 0) return true;
  for (let index = text.indexOf("["); index !== -1; index = text.indexOf("[", index + 1))
    if (--left < 0) return true;
  return false;
}

/** The WebSocket subprotocol of this wire format. A client offers it first; the server selects it and no other. */
export const SUBPROTOCOL = "halyard.v1";

/** The prefix of a subprotocol offer that carries a ticket, or a token of the application. It is never in a URL. */
export const TICKET_PREFIX = "halyard.ticket.";

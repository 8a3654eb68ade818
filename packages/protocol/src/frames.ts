import { LIMITS } from "./limits.ts";

/** The reserved field of a frame: everything that is not the application's own. */
export interface FrameMeta {
  /** Client to server, a send: counts up by one per client. */
  readonly seq?: number;
  /** A request: the asker's name for it, answered by `re`. */
  readonly id?: string;
  /** The channel that the message is meant for, or comes from. */
  readonly ch?: string | undefined;
  /** Server to client: the message's offset in its channel. */
  readonly off?: number;
  /** The `seq` or `id` that this answers. */
  readonly re?: number | string;
}

/** Any frame after parsing: nothing but `type` has been looked at. */
export interface Frame {
  readonly type: string;
  readonly $?: FrameMeta;
  readonly [field: string]: unknown;
}

/**
 * Parses a text frame without trusting it. What comes out is text: half of a surrogate pair, which JSON may carry as an
 * escape, is U+FFFD.
 *
 * @param brackets how many `{` and `[` are in the text, where somebody has counted them: few cannot nest deeply
 * @returns the object, or `"invalid_json"` when the text is not JSON, or `"invalid_message"` when it nests too deeply
 * or is not an object with a string `type`.
 */
export function decodeFrame(text: string, brackets = Infinity): Frame | "invalid_json" | "invalid_message" {
  if (brackets > LIMITS.jsonDepth && isDeeperThan(text, LIMITS.jsonDepth)) return "invalid_message";
  let value: unknown;
  try {
    value = JSON.parse(wellFormed(text));
  } catch {
    return "invalid_json";
  }
  return isFrame(value) ? value : "invalid_message";
}

/** In UTF-8 there is no half of a pair: only an escape can make one, and few texts have an escape for a surrogate. */
function wellFormed(json: string): string {
  if (!json.includes("\\u") || !SURROGATE.test(json)) return json;
  // All escapes, so that a backslash that is escaped itself begins none. A lone half is the only one of six characters.
  return json.replace(ESCAPE, (escape) => (escape.length === 6 ? "\\ufffd" : escape));
}

const SURROGATE = /\\u[dD][89a-fA-F]/;
const ESCAPE =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|[^])/g;

function isFrame(value: unknown): value is Frame {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "type")) return false;
  return "type" in value && typeof value.type === "string";
}

/** Writes the frame of a message: its JSON text, which has a type at least, and the reserved field at its end. */
export function encodeFrame(json: string, meta: FrameMeta): string {
  return `${json.slice(0, -1)},"$":${JSON.stringify(meta)}}`;
}

/**
 * Whether JSON text nests deeper than `depth`. Runs before the parser's result is used, because schema libraries and
 * `JSON.stringify` overflow the stack on values that `JSON.parse` still takes.
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

/** A message without that many opening brackets cannot be that deep: two native scans settle nearly every message. */
function hasMoreBracketsThan(text: string, count: number): boolean {
  let left = count;
  for (let at = text.indexOf("{"); at !== -1; at = text.indexOf("{", at + 1)) if (--left < 0) return true;
  for (let at = text.indexOf("["); at !== -1; at = text.indexOf("[", at + 1)) if (--left < 0) return true;
  return false;
}

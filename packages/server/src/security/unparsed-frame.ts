// Reads the type and the reserved field of a frame from its text, without JSON.parse, which takes a hundred times as long for a text of
// many small objects.
// Called by Inbound for frames that are refused unread, and for those of a connection above its rates, to tell ephemeral
// messages, which are dropped, from frames that wait or are answered.
// Guarantees, if JSON.parse accepts the text: the frame has the type that is found, and neither `$.seq` nor `$.re`; it has the reserved
// field that is found. For anything unclear, such as an escape in a key, there is no type.

/** The text of the reserved field `$`, of the last one if there are several. @returns undefined if there is none */
export function reservedFieldOf(text: string): string | undefined {
  let field: string | undefined;
  const isWhole = everyField(text, (key, value) => {
    if (key === "$" || key === "\\u0024") field = value;
    return true;
  });
  return isWhole ? field : undefined;
}

/** @returns the type, or undefined if the frame must be parsed, because it has another form or may have a number */
export function unnumberedTypeOf(text: string): string | undefined {
  let type: string | undefined;
  let hasMeta = false;
  const isClear = everyField(text, (key, value) => {
    if (key === "type") {
      const isFirst = type === undefined;
      type = value.slice(1, -1);
      return isFirst && value.startsWith('"') && !type.includes("\\");
    }
    if (key === "$") {
      const isFirst = !hasMeta;
      hasMeta = true;
      return isFirst && !mayBeNumbered(value);
    }
    return !key.includes("\\");
  });
  return isClear ? type : undefined;
}

/**
 * Passes on the fields of an object: the keys without quotes, keys and values as they are written.
 *
 * @returns false if the text has another form, or as soon as `accept` returns false
 */
function everyField(text: string, accept: (key: string, value: string) => boolean): boolean {
  let at = keyAfter(text, 0, BRACE);
  while (at > 0) {
    const keyEnd = endOfString(text, at);
    const start = valueAfter(text, keyEnd);
    const end = endOfValue(text, start);
    if (end === NOWHERE || !accept(text.slice(at + 1, keyEnd - 1), text.slice(start, end))) return false;
    at = keyAfter(text, end, COMMA);
  }
  return at === AT_END;
}

/** The result when nothing was found. */
export const NOWHERE = -1;
const AT_END = 0;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/** Whether `$` may contain a number. A key without escapes appears literally in the text. */
function mayBeNumbered(meta: string): boolean {
  return !meta.startsWith("{") || meta.includes("\\") || meta.includes('"seq"') || meta.includes('"re"');
}

/** The index of the key after `mark`, or AT_END if the object ends instead. */
function keyAfter(text: string, from: number, mark: number): number {
  const at = skipSpace(text, from);
  const char = text.charCodeAt(at);
  const next = skipSpace(text, at + 1);
  if (char === mark) return text.charCodeAt(next) === QUOTE ? next : NOWHERE;
  return char === BRACE_END && next === text.length ? AT_END : NOWHERE;
}

function valueAfter(text: string, keyEnd: number): number {
  if (keyEnd === NOWHERE) return NOWHERE;
  const at = skipSpace(text, keyEnd);
  return text.charCodeAt(at) === COLON ? skipSpace(text, at + 1) : NOWHERE;
}

/** The index after a value of any kind. */
function endOfValue(text: string, start: number): number {
  if (start === NOWHERE) return NOWHERE;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at) - 1;
      if (at < start) return NOWHERE;
      if (depth === 0) return at + 1;
    } else if (char === BRACE || char === BRACKET) depth++;
    else if (char === BRACE_END || char === BRACKET_END) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && char === COMMA) return at;
  }
  return NOWHERE;
}

/** The index after the closing quote, which is the first quote after an even number of backslashes. */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((at - before) % 2 === 1) return at + 1;
  }
  return NOWHERE;
}

/** The index of the first character that is no white space. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** White space as JSON defines it. */
function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}

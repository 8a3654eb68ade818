/** What a request ends with: its id, and two braces. */
const BEFORE = ',"$":{"id":"';
const BEHIND = '"}}'.length;

/** Longer ones would be views that hold on to the whole text, in V8. */
const LONGEST = 12;

/**
 * The id of a frame that ends as Halyard's client ends a request: `,"$":{"id":"r5"}}`. A JSON parser enters every short
 * text into a table of all texts there are, which costs a third of parsing such a frame, and an id never comes again.
 *
 * If the text is JSON, this is its `$`: the last brace ends the frame, and of a name that comes twice the last one counts.
 *
 * @returns undefined for whatever has to be looked at more closely
 */
export function trailingId(text: string): string | undefined {
  const end = text.length - BEHIND;
  // By characters: `endsWith` costs more than all the rest of this.
  const isEnd =
    text.charCodeAt(end) === QUOTE &&
    text.charCodeAt(end + 1) === BRACE &&
    text.charCodeAt(end + 2) === BRACE;
  if (!isEnd) return undefined;
  let start = end;
  while (end - start <= LONGEST && isPlain(text.charCodeAt(start - 1))) start--;
  const isId = start < end && end - start <= LONGEST && text.startsWith(BEFORE, start - BEFORE.length);
  return isId ? text.slice(start, end) : undefined;
}

/** The frame without the end that has this id: JSON with the same fields, if the whole is JSON at all. */
export function withoutEnd(text: string, id: string): string {
  return `${text.slice(0, text.length - BEFORE.length - id.length - BEHIND)}}`;
}

/** What stands for itself in a JSON string. NaN, before the first character, does not. */
function isPlain(char: number): boolean {
  return char >= 0x20 && char !== QUOTE && char !== BACKSLASH;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7d;

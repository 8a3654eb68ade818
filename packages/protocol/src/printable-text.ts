// Makes text from outside safe to write into a log: short, on one line, and without control characters.
// Used by the logs of server and better-auth, through `@halyard/protocol/internal`.
// Guarantee: a text cannot begin a line of its own, and is never longer than the given length.

/** Characters that are not visible: line ends and other controls, marks of direction, halves of surrogate pairs. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** For texts in any language: invisible characters become escapes. */
export function printable(text: string, length: number): string {
  const visible = text.slice(0, length).replace(INVISIBLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return char === "\n" ? "\\n" : `\\u{${code.toString(16)}}`;
  });
  return visible.slice(0, length);
}

/** For ids and origins: everything but visible ASCII and the blank becomes `?`. */
export function printableAscii(text: string, length: number): string {
  return text.slice(0, length).replace(/[^\x20-\x7e]/g, "?");
}

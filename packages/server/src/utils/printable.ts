/** Everything that is not seen: line ends and other controls, what turns the writing around, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A text that may quote a client, for a log: no longer than that, on one line, and what is not seen as an escape. */
export function printable(text: string, length: number): string {
  const cut = text.slice(0, length).replace(UNPRINTABLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return char === "\n" ? "\\n" : `\\u{${code.toString(16)}}`;
  });
  return cut.slice(0, length);
}

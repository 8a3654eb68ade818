/** Line ends and other controls, characters that change the direction of text, and lone surrogates. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A text that may quote a client, for a log: cut to the length, on one line, with unprintable characters escaped. */
export function printable(text: string, length: number): string {
  const cut = text.slice(0, length).replace(UNPRINTABLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return char === "\n" ? "\\n" : `\\u{${code.toString(16)}}`;
  });
  return cut.slice(0, length);
}

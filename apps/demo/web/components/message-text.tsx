import { parseText } from "../lib/parse-text.ts";

/** The text of a message, with its links and its code. React escapes all of it. */
export function MessageText({ text }: { readonly text: string }) {
  return parseText(text).map((piece, index) => {
    switch (piece.kind) {
      case "text":
        return piece.text;
      case "link":
        return (
          <a key={index} href={piece.text} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        );
      case "code":
      case "block":
        return (
          <code key={index} data-block={piece.kind === "block" || undefined} dir="ltr">
            {piece.text}
          </code>
        );
    }
  });
}

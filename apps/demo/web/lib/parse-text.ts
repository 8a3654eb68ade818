/** A piece of a message. A link is an http or https address, which is also its text. */
export interface Piece {
  readonly kind: "text" | "link" | "code" | "block";
  readonly text: string;
}

const MARKS = /```(?:[\w-]*\n)?([\s\S]+?)\n?```|`([^`\n]+)`|(https?:\/\/[^\s<>"`]+)/gu;
/** Characters that end a sentence, and that are no part of an address before them. */
const SENTENCE_END = ".,;:!?'\"…";

/** Marks that reverse the text behind them, with which a link could look like one to another place. */
const REVERSING = /[\u202a-\u202e]/gu;

/** Splits a message into text, links and code. */
export function parseText(message: string): readonly Piece[] {
  const text = message.replace(REVERSING, "");
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    const [whole, block, code, address] = match;
    if (match.index > end) pieces.push({ kind: "text", text: text.slice(end, match.index) });
    end = match.index + whole.length;
    if (block !== undefined) pieces.push({ kind: "block", text: block });
    else if (code !== undefined) pieces.push({ kind: "code", text: code });
    else if (address !== undefined) {
      const link = trimAddress(address);
      end -= address.length - link.length;
      pieces.push({ kind: URL.canParse(link) ? "link" : "text", text: link });
    }
  }
  if (end < text.length) pieces.push({ kind: "text", text: text.slice(end) });
  return pieces;
}

/** Removes from an address the end of the sentence, and brackets that were opened before the address. */
function trimAddress(address: string): string {
  const ends = address.includes("(") ? SENTENCE_END : `${SENTENCE_END})`;
  let length = address.length;
  while (ends.includes(address.charAt(length - 1))) length--;
  return address.slice(0, length);
}

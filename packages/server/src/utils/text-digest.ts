/** The result of one pass over a text. */
interface TextDigest {
  /** 32 bits (FNV-1a). It distinguishes two messages with one key; it does not protect secrets. */
  readonly hash: number;
  /** The number of `{` and `[` in the text, which the parser needs to bound the depth. */
  readonly brackets: number;
}

/** Hashes a text and counts its opening brackets in one pass over each frame. */
export function digestOf(text: string): TextDigest {
  let hash = 0x811c9dc5;
  let brackets = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    hash = Math.imul(hash ^ char, 0x01000193);
    if ((char | CASE_BIT) === BRACE) brackets++;
  }
  return { hash: hash >>> 0, brackets };
}

const BRACE = 0x7b;
/** The only bit in which `{` differs from `[`. */
const CASE_BIT = 0x20;

/** A 53-bit hash of a text, for texts that must not stay in memory. */
export function hashOf(text: string): number {
  let high = 0x811c9dc5;
  let low = 0x9e3779b1;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    high = Math.imul(high ^ char, 0x01000193);
    low = Math.imul(low ^ char, 0x85ebca6b);
  }
  return (low >>> 11) * 2 ** 32 + (high >>> 0);
}

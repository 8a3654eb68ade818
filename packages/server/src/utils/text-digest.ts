/** What one walk over a text yields. */
interface TextDigest {
  /** 32 bits (FNV-1a). It tells two messages apart under one key; it protects no secret. */
  readonly hash: number;
  /** How many `{` and `[` the text has: the parser's bound on depth needs the count. */
  readonly brackets: number;
}

/** Hashes a text and counts its opening brackets in one walk, so that each frame is walked once. */
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
/** The one bit in which `{` differs from `[`. */
const CASE_BIT = 0x20;

/** 53 bits of a text, for texts that must not stay in memory. */
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

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.split(/\s+/u).filter(Boolean);
  const first = words.at(0) ?? "?";
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [first, last].map(firstLetter).join("").toUpperCase();
}

/** The number of the hue of a user, which is always the same. */
export function hueOf(userId: string): number {
  let hash = 0;
  for (const character of userId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % HUES;
}

/** The number of hues in styles/controls.css. */
const HUES = 10;

/** Splits a text into letters with their accents, and whole emoji. */
function firstLetter(word: string | undefined): string {
  for (const { segment } of new Intl.Segmenter().segment(word ?? "")) return segment;
  return "";
}

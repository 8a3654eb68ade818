/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.split(/\s+/u).filter(Boolean);
  const first = words.at(0) ?? "?";
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [first, last].map(firstLetter).join("").toUpperCase();
}

/** One of the palette's hues, always the same for one user. */
export function hueOf(userId: string): number {
  let hash = 0;
  for (const character of userId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % HUES;
}

/** As many as styles/controls.css has. */
const HUES = 10;

/** A letter as a reader counts: with its accents, and an emoji whole. */
function firstLetter(word: string | undefined): string {
  for (const { segment } of new Intl.Segmenter().segment(word ?? "")) return segment;
  return "";
}

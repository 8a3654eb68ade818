/** Spaces, control characters, and invisible ones: zero-width characters, the fillers of Hangul and the empty Braille cell. */
const INVISIBLE = /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Whether a text has a visible character. */
export function isVisible(text: string): boolean {
  return text.replace(INVISIBLE, "") !== "";
}

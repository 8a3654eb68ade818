/** Spaces, controls, and characters that show nothing: zero-width ones, the fillers of Hangul and the empty Braille cell. */
const INVISIBLE = /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Whether a text shows anything to its reader. */
export function isVisible(text: string): boolean {
  return text.replace(INVISIBLE, "") !== "";
}

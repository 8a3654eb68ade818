import { MAX_NAME_LENGTH } from "../shared/constants.ts";

/** Control characters, and marks that reverse or hide text, with which one name could imitate another. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** Characters that readers overlook between the letters of a name. */
const MINOR = /[\p{M}\p{P}\p{S}\s]/gu;

/** The part of a text that is read as a name. Composing takes quadratic time: seconds for 64 KB of combining marks. */
const MAX_GIVEN_LENGTH = 10 * MAX_NAME_LENGTH;

/** A name as others see it: one line, without invisible characters; undefined if nothing is left. */
export function displayName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const composed = value.slice(0, MAX_GIVEN_LENGTH).normalize("NFC");
  const name = composed.replace(INVISIBLE, "").replace(/\s+/gu, " ").trim();
  return Array.from(name).slice(0, MAX_NAME_LENGTH).join("").trim() || undefined;
}

/** Cyrillic and Greek letters, and below each of them the Latin one that it looks like, as a capital or as a small letter. */
const FOREIGN = "авекмнорстухѕіјԁһԛԝгьαβεζηικμνορτυχγω";
const LATIN = "abekmhopctyxsijdhqwrbabezhikmnoptyxyw";

/** A key that is the same for names that look alike: "Ada", "ÁDA", "a.d.a", and "Аdа" with Cyrillic letters. */
export function nameKey(name: string): string {
  const folded = name.normalize("NFKD").toLowerCase();
  const plain = Array.from(folded, (letter) => LATIN[FOREIGN.indexOf(letter)] ?? letter).join("");
  return plain.replace(MINOR, "") || plain;
}

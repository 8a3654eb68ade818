import { MAX_NAME_LENGTH } from "../shared/constants.ts";

/** Controls, and the marks that turn or hide text: with them a name could pose as another one. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** A name as others see it: one line, no tricks; undefined when nothing is left. */
export function displayName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const name = value.normalize("NFC").replace(INVISIBLE, "").replace(/\s+/gu, " ").trim();
  return Array.from(name).slice(0, MAX_NAME_LENGTH).join("").trim() || undefined;
}

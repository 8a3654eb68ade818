/** Matches a lone surrogate in JSON text, where it is escaped; a complete pair is not. */
const HALF = /\\ud[89a-f]/;

/**
 * Encodes a value as JSON that Lua can read: a lone surrogate, which its parser refuses, becomes U+FFFD, as everywhere in
 * UTF-8. Otherwise one such name would prevent a whole batch from being applied.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!HALF.test(json)) return json;
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "string" ? member.toWellFormed() : member,
  );
}

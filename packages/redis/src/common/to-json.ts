/** Half of a surrogate pair as JSON writes it; a whole pair stands there as it is. */
const HALF = /\\ud[89a-f]/;

/**
 * A value as JSON that Lua can read: half of a surrogate pair, which its parser refuses, becomes U+FFFD, as everywhere in
 * UTF-8. One such name would keep a whole batch from being applied.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!HALF.test(json)) return json;
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "string" ? member.toWellFormed() : member,
  );
}

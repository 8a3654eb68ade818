/** A count as Redis reads it: a whole number, and for an unlimited one the largest that a script reads exactly. JSON has no infinity. */
export function countOf(count: number): number {
  return Math.min(Math.floor(count), Number.MAX_SAFE_INTEGER);
}

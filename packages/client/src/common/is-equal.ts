/**
 * Whether two values have the same JSON, with fields in the same order. Small code, and sufficient for values that the
 * server sends repeatedly.
 */
export function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

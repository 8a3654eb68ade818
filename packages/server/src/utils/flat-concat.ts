/**
 * A text of two parts that is kept for long. Put together by `+`, an engine would keep both parts, and a node that joins
 * them, beside the text that they are.
 */
export function keepsake(start: string, end: string): string {
  return [start, end].join("");
}

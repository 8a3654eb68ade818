/** How long the client waits between two attempts to connect. */
export interface Backoff {
  /** The shortest wait, in milliseconds. @default 100 */
  readonly minMs: number;
  /**
   * The longest wait after the first failure, in milliseconds. It doubles with each further failure, until a connection has
   * stayed open for 5 s, or for 30 s if the server closed the previous one with 1011, 1013 or a code from 4000 on. @default 500
   */
  readonly baseMs: number;
  /** The longest wait after any number of failures, in milliseconds. @default 20_000 */
  readonly maxMs: number;
}

/**
 * The wait after a number of failures in a row: evenly distributed between the minimum and a ceiling that doubles. The
 * jitter is full, so that clients that lost the same server at the same time do not return at the same time.
 *
 * @param random at least 0, less than 1
 * @returns milliseconds
 */
export function backoffMs(failures: number, random: number, backoff: Partial<Backoff> = {}): number {
  const { minMs = 100, baseMs = 500, maxMs = 20_000 } = backoff;
  return Math.round(minMs + random * Math.max(0, Math.min(maxMs, baseMs * 2 ** failures) - minMs));
}

export interface Backoff {
  /** The shortest wait. @default 100 */
  readonly minMs: number;
  /** The longest wait after the first failure; it doubles with each further one. @default 500 */
  readonly baseMs: number;
  /** The longest wait of all. @default 20_000 */
  readonly maxMs: number;
}

/**
 * How long to wait after so many failures in a row: anything between the minimum and a ceiling that doubles. Full
 * jitter, because clients that lost one server together must not come back together.
 *
 * @param chance at least 0, less than 1
 */
export function backoffMs(failures: number, chance: number, backoff: Partial<Backoff> = {}): number {
  const { minMs = 100, baseMs = 500, maxMs = 20_000 } = backoff;
  return Math.round(minMs + chance * Math.max(0, Math.min(maxMs, baseMs * 2 ** failures) - minMs));
}

/**
 * Makes a source of random numbers that repeat: the same seed gives the same numbers, on every machine.
 *
 * @param seed any integer
 * @returns a function that returns a number of at least 0 and less than 1, as `Math.random` does
 * @example
 * const random = createRandom(7);
 * const dice = 1 + Math.floor(random() * 6);
 */
export function createRandom(seed: number): () => number {
  let state = Math.trunc(seed) >>> 0;
  // Mulberry32: 32 bits of state, which is enough for tests and never for secrets.
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of one part of a run, such as a strike or a connection. Multiplied in 32 bits, because a large seed loses its last digits as a product. */
export function seedOf(seed: number, part: number): number {
  return Math.imul(seed, 1_000_003) + part;
}

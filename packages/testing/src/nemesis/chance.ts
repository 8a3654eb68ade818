import { createRandom } from "../utils/random.ts";

/** The random decisions of a fault. The same seed gives the same decisions. */
export interface Chance {
  /** At least 0, less than 1. */
  random(): number;
  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** One of a list; undefined when it is empty. */
  pick<TItem>(list: readonly TItem[]): TItem | undefined;
}

/** Makes the decisions of one strike, or of a whole nemesis. */
export function createChance(seed: number): Chance {
  const random = createRandom(seed);
  return {
    random,
    integer: (min, max) => min + Math.floor(random() * (max - min + 1)),
    pick: (list) => list[Math.floor(random() * list.length)],
  };
}

import { Tally } from "../utils/token-bucket.ts";

const TALLY_MS = 10_000;

/** What a peer has done that it should not have. Most have done nothing. */
export class Strikes {
  readonly invalid = new Tally(TALLY_MS);
  readonly refused = new Tally(TALLY_MS);
  oversized = 0;
  /** Was told once that `hello` is due. */
  wasWarned = false;
}

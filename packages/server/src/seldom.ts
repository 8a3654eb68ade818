import type { Coalescer } from "./coalescer.js";
import type { Moves } from "./moves.js";
import type { Questions } from "./questions.js";
import type { Received } from "./sends.js";
import type { Strikes } from "./strikes.js";

export interface Waiting {
  readonly texts: string[];
  bytes: number;
}

/** What most connections never have, so that they keep no room for it. */
export class Seldom {
  ephemeral: Coalescer<Received> | undefined = undefined;
  questions: Questions | undefined = undefined;
  moves: Moves | undefined = undefined;
  invited: Set<string> | undefined = undefined;
  waiting: Waiting | undefined = undefined;
  unfinishedSince: number | undefined = undefined;
  strikes: Strikes | undefined = undefined;
}

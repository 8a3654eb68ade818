import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, Work } from "./backplane.js";
import type { Clock } from "./types.js";

const POLL_MS = 250;

/**
 * Runs a client's work once, however often it is asked for: a repetition gets the stored answer, and a repetition of
 * what is running waits for it.
 */
export class Once {
  readonly #backplane: Backplane;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  /** What runs on this node. */
  readonly #running = new Map<string, Promise<string>>();

  constructor(backplane: Backplane, clock: Clock, patienceMs: number) {
    this.#backplane = backplane;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * @param execute gives the answer as JSON text; it must not reject
   * @throws HalyardError `conflict` when the key belongs to something else, or is out of turn
   */
  async run(work: Work, execute: () => Promise<string>): Promise<string> {
    const deadline = this.#clock.now() + this.#patienceMs;
    for (;;) {
      const known = await this.#backplane.begin(work);
      if (known.state === "conflict") throw new HalyardError("conflict");
      if (known.state === "done") return known.result;
      if (known.state === "run") return this.#execute(work, execute);
      const here = this.#running.get(nameOf(work));
      if (here !== undefined) return here;
      // It runs on another node: its answer appears in the backplane, or its node dies and it is ours to run.
      if (this.#clock.now() > deadline) throw new HalyardError("timeout");
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, POLL_MS));
    }
  }

  async #execute(work: Work, execute: () => Promise<string>): Promise<string> {
    const name = nameOf(work);
    const running = execute();
    this.#running.set(name, running);
    try {
      const result = await running;
      await this.#backplane.settle(work, result);
      return result;
    } finally {
      this.#running.delete(name);
    }
  }
}

function nameOf({ ref, key }: Work): string {
  return `${typeof key === "number" ? "s" : "r"}${String(key)}\0${ref.client}\0${ref.user}`;
}

/** Tells two texts apart cheaply. No secret depends on it: a client that makes collisions cheats itself. */
export function digestOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return `${String(text.length)}.${(hash >>> 0).toString(36)}`;
}

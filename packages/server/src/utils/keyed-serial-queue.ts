import { LimitError } from "./errors.ts";

/** More than anybody needs who does not attack; and few enough to wait for an `authorize` that is slow. */
const MOVES = 1_024;

/** The joins and leaves of one connection: those of one room happen in the order in which they were asked for. */
export class Moves {
  readonly #last = new Map<string, Promise<void>>();
  #underWay = 0;

  get size(): number {
    return this.#last.size;
  }

  /** Runs at once, unless something is under way for this room. Rejects as the move itself does, or with `limit_exceeded`. */
  async run(room: string, move: () => Promise<void>): Promise<void> {
    if (this.#underWay >= MOVES)
      throw new LimitError("limit_exceeded", "rooms", { message: "Too many joins and leaves wait." });
    const before = this.#last.get(room);
    const running = before === undefined ? move() : before.then(move, move);
    this.#last.set(room, running);
    this.#underWay++;
    try {
      await running;
    } finally {
      this.#underWay--;
      if (this.#last.get(room) === running) this.#last.delete(room);
    }
  }
}

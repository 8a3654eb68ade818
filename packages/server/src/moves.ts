/** The joins and leaves of one connection: those of one room happen in the order in which they were asked for. */
export class Moves {
  readonly #last = new Map<string, Promise<void>>();

  get size(): number {
    return this.#last.size;
  }

  /** Runs at once, unless something is under way for this room. Rejects as the move itself does. */
  async run(room: string, move: () => Promise<void>): Promise<void> {
    const before = this.#last.get(room);
    const running = before === undefined ? move() : before.then(move, move);
    this.#last.set(room, running);
    try {
      await running;
    } finally {
      if (this.#last.get(room) === running) this.#last.delete(room);
    }
  }
}

import type { Connection } from "./connection.js";

/** Who reads a channel. Most channels are one user's, with one connection, and that one needs no set. */
export class Readers implements Iterable<Connection> {
  #readers: Connection | Set<Connection> | undefined = undefined;

  get size(): number {
    return this.#readers instanceof Set ? this.#readers.size : this.#readers === undefined ? 0 : 1;
  }

  has(connection: Connection): boolean {
    return this.#readers instanceof Set ? this.#readers.has(connection) : this.#readers === connection;
  }

  add(connection: Connection): void {
    const readers = this.#readers;
    if (readers instanceof Set) readers.add(connection);
    else if (readers === undefined || readers === connection) this.#readers = connection;
    else this.#readers = new Set([readers, connection]);
  }

  /** @returns whether it was there */
  delete(connection: Connection): boolean {
    if (this.#readers instanceof Set) return this.#readers.delete(connection);
    if (this.#readers !== connection) return false;
    this.#readers = undefined;
    return true;
  }

  [Symbol.iterator](): Iterator<Connection> {
    const readers = this.#readers;
    if (readers instanceof Set) return readers.values();
    return (readers === undefined ? [] : [readers]).values();
  }
}

import type { Choir } from "../delivery/batch-group.ts";
import type { Connection } from "../connection/connection.ts";
import type { Frame } from "../delivery/outbound-frame.ts";

/** Who reads a channel. Most channels are one user's, with one connection, and that one needs no set. */
export class Readers implements Iterable<Connection> {
  #readers: Connection | Set<Connection> | undefined = undefined;
  /** Who of them has got the same in this turn. */
  #choir: Choir | undefined = undefined;

  get size(): number {
    return this.#readers instanceof Set ? this.#readers.size : this.#readers === undefined ? 0 : 1;
  }

  has(connection: Connection): boolean {
    return this.#readers instanceof Set ? this.#readers.has(connection) : this.#readers === connection;
  }

  /**
   * Hands a frame to all: the first of a turn to each, those that follow to the choir.
   *
   * @param channel whose position the frame moves, if it does
   */
  give(frame: Frame, channel?: string): void {
    const readers = this.#readers;
    if (!(readers instanceof Set)) readers?.deliver(frame, channel);
    else if (this.#choir?.isOver === false) this.#choir.give(frame, channel);
    else {
      const choir = gather(readers);
      choir?.give(frame, channel);
      this.#choir = choir;
    }
  }

  add(connection: Connection): void {
    this.#choir = undefined;
    const readers = this.#readers;
    if (readers instanceof Set) readers.add(connection);
    else if (readers === undefined || readers === connection) this.#readers = connection;
    else this.#readers = new Set([readers, connection]);
  }

  /** @returns whether it was there */
  delete(connection: Connection): boolean {
    this.#choir = undefined;
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

/** Those to whom nothing has been said in this turn sing together. */
function gather(readers: ReadonlySet<Connection>): Choir | undefined {
  let choir: Choir | undefined;
  for (const connection of readers) {
    choir ??= connection.writer.openChoir();
    if (!connection.join(choir)) choir.soloists.push(connection);
  }
  return choir;
}

import type { BatchGroup } from "../delivery/batch-group.ts";
import type { Connection } from "../connection/connection.ts";
import type { OutboundFrame } from "../delivery/outbound-frame.ts";

/** Who reads a channel. Most channels are one user's, with one connection, and that one needs no set. */
export class Subscribers implements Iterable<Connection> {
  #readers: Connection | Set<Connection> | undefined = undefined;
  /** Who of them has got the same in this turn. */
  #group: BatchGroup | undefined = undefined;

  get size(): number {
    return this.#readers instanceof Set ? this.#readers.size : this.#readers === undefined ? 0 : 1;
  }

  has(connection: Connection): boolean {
    return this.#readers instanceof Set ? this.#readers.has(connection) : this.#readers === connection;
  }

  /**
   * Hands a frame to all: the first of a turn to each, those that follow to the batch group.
   *
   * @param channel whose position the frame moves, if it does
   */
  broadcast(frame: OutboundFrame, channel?: string): void {
    const readers = this.#readers;
    if (!(readers instanceof Set)) readers?.pushFromChannel(frame, channel);
    else if (this.#group?.isFlushed === false) this.#group.append(frame, channel);
    else {
      const group = openBatchGroup(readers);
      group?.append(frame, channel);
      this.#group = group;
    }
  }

  add(connection: Connection): void {
    this.#group = undefined;
    const readers = this.#readers;
    if (readers instanceof Set) readers.add(connection);
    else if (readers === undefined || readers === connection) this.#readers = connection;
    else this.#readers = new Set([readers, connection]);
  }

  /** @returns whether it was there */
  delete(connection: Connection): boolean {
    this.#group = undefined;
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
function openBatchGroup(readers: ReadonlySet<Connection>): BatchGroup | undefined {
  let group: BatchGroup | undefined;
  for (const connection of readers) {
    group ??= connection.writer.openGroup();
    if (!connection.joinBatchGroup(group)) group.individualRecipients.push(connection);
  }
  return group;
}

// The connections that read a channel.
// Base class of Channel (see channel.ts); the channel hub adds and removes connections.
// Once the subscribers form a batch group, a frame reaches all of them in constant time (see delivery/batch-group.ts).

import type { BatchGroup } from "../delivery/batch-group.ts";
import type { Connection } from "../connection/connection.ts";
import type { OutboundFrame } from "../delivery/outbound-frame.ts";

/** The subscribers of a channel. Most channels have one; a set for it would cost 160 B, 4 % of a connection (2026-11-28). */
export class Subscribers implements Iterable<Connection> {
  #subscribers: Connection | Set<Connection> | undefined = undefined;
  /** The subscribers that got the same frames in this turn. */
  #group: BatchGroup | undefined = undefined;

  get size(): number {
    return this.#subscribers instanceof Set
      ? this.#subscribers.size
      : this.#subscribers === undefined
        ? 0
        : 1;
  }

  has(connection: Connection): boolean {
    return this.#subscribers instanceof Set
      ? this.#subscribers.has(connection)
      : this.#subscribers === connection;
  }

  /**
   * Passes a frame to all subscribers: the first of a turn to each one, the following ones to their batch group.
   *
   * @param channel the channel whose position the frame advances, if any
   */
  broadcast(frame: OutboundFrame, channel?: string): void {
    const subscribers = this.#subscribers;
    if (!(subscribers instanceof Set)) subscribers?.pushFromChannel(frame, channel);
    else if (this.#group?.isFlushed === false) this.#group.append(frame, channel);
    else {
      const group = openBatchGroup(subscribers);
      if (group !== undefined) group.append(frame, channel);
      else for (const connection of subscribers) connection.pushFromChannel(frame, channel);
      this.#group = group;
    }
  }

  add(connection: Connection): void {
    this.#group = undefined;
    const subscribers = this.#subscribers;
    if (subscribers instanceof Set) subscribers.add(connection);
    else if (subscribers === undefined || subscribers === connection) this.#subscribers = connection;
    else this.#subscribers = new Set([subscribers, connection]);
  }

  /** @returns whether the connection was a subscriber */
  delete(connection: Connection): boolean {
    this.#group = undefined;
    if (this.#subscribers instanceof Set) return this.#subscribers.delete(connection);
    if (this.#subscribers !== connection) return false;
    this.#subscribers = undefined;
    return true;
  }

  [Symbol.iterator](): Iterator<Connection> {
    const subscribers = this.#subscribers;
    if (subscribers instanceof Set) return subscribers.values();
    return (subscribers === undefined ? [] : [subscribers]).values();
  }
}

/**
 * Opens a batch group of all subscribers that have no frame queued in this turn.
 *
 * @returns undefined when batch groups are switched off
 */
function openBatchGroup(subscribers: ReadonlySet<Connection>): BatchGroup | undefined {
  let group: BatchGroup | undefined;
  for (const connection of subscribers) {
    group ??= connection.writer.openGroup();
    if (group === undefined) return undefined;
    if (!connection.joinBatchGroup(group)) group.individualRecipients.push(connection);
  }
  return group;
}

// The connections that read a channel.
// Base class of Channel (see channel.ts); the channel hub adds and removes connections.
// Once the subscribers form a batch group, a frame reaches all of them in constant time (see delivery/batch-group.ts).

import type { BatchGroup } from "../delivery/batch-group.ts";
import type { Connection } from "../connection/connection.ts";
import type { OutboundFrame } from "../delivery/outbound-frame.ts";

/** The offset after which a subscriber reads that has missed nothing since its client began to read. */
const ALWAYS = -1;

/** The subscribers of a channel. Most channels have one; a map for it would cost 190 B, 5 % of a connection (2026-11-30). */
export class Subscribers implements Iterable<Connection> {
  /** A map also has the offset after which each of them reads. */
  #subscribers: Connection | Map<Connection, number> | undefined = undefined;
  /** That offset of the only subscriber. */
  #start = ALWAYS;
  /** The subscribers that got the same frames in this turn. */
  #group: BatchGroup | undefined = undefined;

  get size(): number {
    return this.#subscribers instanceof Map
      ? this.#subscribers.size
      : this.#subscribers === undefined
        ? 0
        : 1;
  }

  has(connection: Connection): boolean {
    return this.#subscribers instanceof Map
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
    if (!(subscribers instanceof Map)) subscribers?.pushFromChannel(frame, channel);
    else if (this.#group?.isFlushed === false) this.#group.append(frame, channel);
    else {
      const group = openBatchGroup(subscribers.keys());
      if (group !== undefined) group.append(frame, channel);
      else for (const connection of subscribers.keys()) connection.pushFromChannel(frame, channel);
      this.#group = group;
    }
  }

  /** @param start the offset after which the connection reads */
  add(connection: Connection, start = ALWAYS): void {
    this.#group = undefined;
    const subscribers = this.#subscribers;
    if (subscribers instanceof Map) subscribers.set(connection, start);
    else if (subscribers === undefined || subscribers === connection) {
      this.#subscribers = connection;
      this.#start = start;
    } else
      this.#subscribers = new Map([
        [subscribers, this.#start],
        [connection, start],
      ]);
  }

  /** The offset after which a subscriber reads. */
  startOf(connection: Connection): number {
    if (this.#subscribers instanceof Map) return this.#subscribers.get(connection) ?? ALWAYS;
    return this.#start;
  }

  /** Call when the offsets of the channel begin anew: all subscribers read after this one. */
  protected startAllAt(start: number): void {
    this.#start = start;
    if (this.#subscribers instanceof Map)
      for (const connection of this.#subscribers.keys()) this.#subscribers.set(connection, start);
  }

  /** @returns whether the connection was a subscriber */
  delete(connection: Connection): boolean {
    this.#group = undefined;
    if (this.#subscribers instanceof Map) return this.#subscribers.delete(connection);
    if (this.#subscribers !== connection) return false;
    this.#subscribers = undefined;
    return true;
  }

  [Symbol.iterator](): Iterator<Connection> {
    const subscribers = this.#subscribers;
    if (subscribers instanceof Map) return subscribers.keys();
    return (subscribers === undefined ? [] : [subscribers]).values();
  }
}

/**
 * Opens a batch group of all subscribers that have no frame queued in this turn.
 *
 * @returns undefined when batch groups are switched off
 */
function openBatchGroup(subscribers: Iterable<Connection>): BatchGroup | undefined {
  let group: BatchGroup | undefined;
  for (const connection of subscribers) {
    group ??= connection.writer.openGroup();
    if (group === undefined) return undefined;
    if (!connection.joinBatchGroup(group)) group.individualRecipients.push(connection);
  }
  return group;
}

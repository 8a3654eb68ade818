// The rooms that the server gave to clients, so that a client that reconnects gets them again.
// Called by the memory backplane. Most clients have no given rooms and cost nothing here.
// A record is kept while the client has a slot, and for 5 minutes after.

import type { ClientRef, RoomHolder } from "../backplane.ts";

interface GivenRoomsRecord {
  readonly ref: ClientRef;
  readonly rooms: Set<string>;
  usedAt: number;
}

const RECORD_TTL_MS = 5 * 60_000;
const NO_ROOMS: readonly string[] = [];

/** The rooms given to each client. */
export class GivenRooms {
  readonly #records = new Map<string, GivenRoomsRecord>();

  get size(): number {
    return this.#records.size;
  }

  give(ref: ClientRef, room: string, now: number): void {
    const key = keyOf(ref);
    const known = this.#records.get(key);
    const isOver = known === undefined || now - known.usedAt > RECORD_TTL_MS;
    const record = isOver ? { ref, rooms: new Set<string>(), usedAt: now } : known;
    record.usedAt = now;
    record.rooms.add(room);
    this.#records.set(key, record);
  }

  take({ user, client }: RoomHolder, room: string): void {
    if (client !== undefined) this.#takeOf(keyOf({ user, client }), room);
    else for (const [key, { ref }] of this.#records) if (ref.user === user) this.#takeOf(key, room);
  }

  #takeOf(key: string, room: string): void {
    const record = this.#records.get(key);
    if (record?.rooms.delete(room) === true && record.rooms.size === 0) this.#records.delete(key);
  }

  of(ref: ClientRef, now: number): readonly string[] {
    if (this.#records.size === 0) return NO_ROOMS;
    const record = this.#records.get(keyOf(ref));
    // A client that asks already has a slot again, so only the time tells whether it was away for too long.
    if (record === undefined || now - record.usedAt > RECORD_TTL_MS) return NO_ROOMS;
    record.usedAt = now;
    return [...record.rooms];
  }

  /** Call when a client has lost its connection: its rooms are kept for 5 more minutes. */
  touch(ref: ClientRef, now: number): void {
    const record = this.#records.size === 0 ? undefined : this.#records.get(keyOf(ref));
    if (record !== undefined) record.usedAt = now;
  }

  /** Drops the records of a user who was banned. */
  forget(user: string): void {
    for (const [key, { ref }] of this.#records) if (ref.user === user) this.#records.delete(key);
  }

  /** Drops the records of clients that have been away for 5 minutes. @param hasSlot whether a client has a connection */
  sweep(now: number, hasSlot: (ref: ClientRef) => boolean): void {
    for (const [key, record] of this.#records) {
      if (hasSlot(record.ref)) record.usedAt = now;
      else if (now - record.usedAt > RECORD_TTL_MS) this.#records.delete(key);
    }
  }
}

/** The key of a client. A client id contains no NUL; a user id may contain any character. */
function keyOf({ user, client }: ClientRef): string {
  return `${client}\0${user}`;
}

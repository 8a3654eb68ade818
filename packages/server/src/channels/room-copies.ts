// Decides which connection gets a message, and in which room: a message that is published to several rooms has an entry in each.
// Channels and replays ask for each reader of an entry with a header; the channel hub reports which connections begin and end
// reading a room.
// Guarantees: a connection gets the message in the first of its rooms and a `skip` in the others. A room that it joined after the
// message does not count; a room that it has left since then does. A room that it is about to read counts as read; if
// it does not read it after all, takePostponed returns the rooms in which it got a `skip` for that reason.
//
// A client that joined an earlier room after the message, and was cut off before it got the message in a later one, presents by
// `since` that it has not read it; without `since` it resumes as if it had.
import type { Position } from "@halyard/protocol";
import type { ResumePosition } from "@halyard/protocol/internal";
import type { Connection } from "../connection/connection.ts";
import type { Clock } from "../types.ts";
import { ExpiryTimer } from "../utils/expiry-timer.ts";
import { roomChannel, roomNameOf } from "./channel-name.ts";
import type { EarlierEntry, EnvelopeHeader, PublishedRooms } from "./envelope.ts";

/** Longer than the time between two entries of one publish, each of which is tried for up to 10 s. */
const REMEMBERED_MS = 15_000;

/** The part of a room that a connection has read: the messages after `from`, up to `to`. */
interface ReadPart {
  readonly connection: Connection;
  readonly channel: string;
  readonly epoch: string;
  readonly from: number;
  to: number | undefined;
}

/** The part of a channel that {@link RoomCopies} reads. */
interface ReadChannel {
  readonly name: string;
  readonly epoch: string;
  readonly offset: number;
  has(connection: Connection): boolean;
}

/** The dependencies of {@link RoomCopies}. */
export interface RoomCopiesParts {
  readonly clock: Clock;
  readonly channelOf: (name: string) => ReadChannel | undefined;
}

/** Decides which connections get an entry. */
export class RoomCopies {
  readonly #channelOf: RoomCopiesParts["channelOf"];
  readonly #parts = new Map<Connection, ReadPart[]>();
  /** The channels in which a connection got a `skip` because it will get the message in another channel; keyed by that channel. */
  readonly #postponed = new Map<Connection, Map<string, Set<string>>>();
  readonly #expiry: ExpiryTimer<ReadPart>;

  constructor({ channelOf, clock }: RoomCopiesParts) {
    this.#channelOf = channelOf;
    const onExpire = (part: ReadPart): void => {
      if (willReadMore(part.connection)) this.#expiry.schedule(part);
      else this.#forget(part);
    };
    this.#expiry = new ExpiryTimer({ clock, ms: REMEMBERED_MS, onExpire });
  }

  /** The text of an entry for one reader; undefined if the reader does not get it or has got it in another room. */
  textFor(
    connection: Connection,
    channel: string,
    { text, header }: { readonly text: string; readonly header: EnvelopeHeader },
  ): string | undefined {
    if (header.except?.has(connection.client) === true) return undefined;
    const { rooms } = header;
    if (rooms === undefined) return text;
    if (rooms.before.some((entry) => this.#hasRead(connection, channel, entry))) return undefined;
    const also = this.#laterChannels(connection, rooms);
    // `$` is the last field of the text.
    return also.length === 0 ? text : `${text.slice(0, -2)},"also":${JSON.stringify(also)}}}`;
  }

  /**
   * A connection reads a room from this offset on. @param before the position up to which its client had
   * read, if there is a gap
   */
  begin(connection: Connection, { name, epoch, offset }: Omit<ReadChannel, "has">, before?: Position): void {
    this.#add({ connection, channel: name, epoch, from: offset, to: undefined });
    if (before !== undefined)
      this.#add({ connection, channel: name, epoch: before.epoch, from: -1, to: before.off });
  }

  /** A connection stops reading a room. */
  end(connection: Connection, { name, epoch, offset }: ReadChannel): void {
    if (connection.stage === "closed") {
      this.#postponed.delete(connection);
      for (const part of this.#parts.get(connection) ?? []) this.#expiry.cancel(part);
      this.#parts.delete(connection);
      return;
    }
    const open = this.#openPart(connection, name);
    if (open === undefined) this.#add({ connection, channel: name, epoch, from: -1, to: offset });
    else open.to = offset;
  }

  /**
   * Call when a connection begins to read a channel, or will not read it after all.
   *
   * @returns the channels in which it got a `skip` for messages that it was to get in this one
   */
  takePostponed(connection: Connection, channel: string): readonly ReadChannel[] {
    const postponed = this.#postponed.get(connection);
    const names = postponed?.get(channel);
    if (postponed === undefined || names === undefined) return [];
    postponed.delete(channel);
    if (postponed.size === 0) this.#postponed.delete(connection);
    return [...names].flatMap((name) => {
      const other = this.#channelOf(name);
      return other?.has(connection) === true ? other : [];
    });
  }

  close(): void {
    this.#postponed.clear();
    this.#expiry.clear();
    this.#parts.clear();
  }

  #add(part: ReadPart): void {
    if (roomNameOf(part.channel) === undefined) return;
    const parts = this.#parts.get(part.connection);
    if (parts === undefined) this.#parts.set(part.connection, [part]);
    else parts.push(part);
    this.#expiry.schedule(part);
  }

  #forget(part: ReadPart): void {
    const rest = (this.#parts.get(part.connection) ?? []).filter((other) => other !== part);
    if (rest.length === 0) this.#parts.delete(part.connection);
    else this.#parts.set(part.connection, rest);
  }

  #openPart(connection: Connection, channel: string): ReadPart | undefined {
    return this.#parts.get(connection)?.find((part) => part.channel === channel && part.to === undefined);
  }

  /** Whether the connection has got, or will get, the message of this entry. */
  #hasRead(connection: Connection, asked: string, { room, epoch, off }: EarlierEntry): boolean {
    const name = roomChannel(room);
    const channel = this.#channelOf(name);
    const isReading = channel?.has(connection) === true;
    if (epoch === undefined || off === undefined) return isReading;
    const isPart = (part: ReadPart): boolean =>
      part.channel === name && part.epoch === epoch && part.from < off && off <= (part.to ?? Infinity);
    if (this.#parts.get(connection)?.some(isPart) === true) return true;
    // A part of an earlier epoch means that the connection reads on in this epoch, after a gap.
    if (isReading) return channel.epoch === epoch && this.#openPart(connection, name)?.epoch !== epoch;
    const next = this.#nextPosition(connection, room);
    if (next?.epoch !== epoch || off <= (next.since ?? -1)) return false;
    if (off > next.off) this.#postpone(connection, { from: asked, to: name });
    return true;
  }

  #postpone(connection: Connection, { from, to }: { readonly from: string; readonly to: string }): void {
    const postponed = this.#postponed.get(connection) ?? new Map<string, Set<string>>();
    this.#postponed.set(connection, postponed.set(to, (postponed.get(to) ?? new Set()).add(from)));
  }

  #laterChannels(connection: Connection, { after }: PublishedRooms): readonly string[] {
    const isItsOwn = (room: string): boolean =>
      this.#channelOf(roomChannel(room))?.has(connection) === true ||
      this.#nextPosition(connection, room) !== undefined;
    return after.filter(isItsOwn).map(roomChannel);
  }

  /** Where a connection will continue in a room that it does not read now, because the room is pending or `authorize` is being asked. */
  #nextPosition({ pendingRooms, withheld }: Connection, room: string): ResumePosition | undefined {
    return pendingRooms?.positionOf(room) ?? withheld?.get(roomChannel(room));
  }
}

/** Whether a connection will read a channel that it does not read now; entries of any age may then be replayed. */
function willReadMore({ pendingRooms, withheld, unfinished }: Connection): boolean {
  return (pendingRooms?.size ?? 0) + (withheld?.size ?? 0) > 0 || unfinished !== undefined;
}

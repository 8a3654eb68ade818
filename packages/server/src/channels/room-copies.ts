// Which connection gets a stored message, and in which of its rooms: a message that is published to several has an entry in each.
// Channels and replays ask for each reader of an entry with a header; the channel hub tells which connections begin and end
// to read a room.
// Guarantees: a connection gets the message in the first of its rooms and `skip` in the others. In a room that it began to read after
// the message it has not got it; in one that it has left since then it has. A room that it is going to read counts as read; where
// it does not read it after all, the rooms in which it got `skip` for that are named.
//
// What a node cannot know: a client that joined an earlier room after the message, and was cut off before it got the message in a
// later one, resumes as one that has read both.
import type { Position } from "@halyard/protocol";
import type { Connection } from "../connection/connection.ts";
import type { Clock } from "../types.ts";
import { ExpiryTimer } from "../utils/expiry-timer.ts";
import { roomChannel, roomNameOf } from "./channel-name.ts";
import type { EarlierEntry, EnvelopeHeader, PublishedRooms } from "./envelope.ts";

/** Longer than the entries of one publish are apart: each is tried for up to 10 s. */
const REMEMBERED_MS = 15_000;

/** What a connection has read of a room, where that is not all of it: the messages after `from`, up to `to`. */
interface ReadPart {
  readonly connection: Connection;
  readonly channel: string;
  readonly epoch: string;
  readonly from: number;
  to: number | undefined;
}

/** A channel of this node, as far as it is asked. */
interface ReadChannel {
  readonly name: string;
  readonly epoch: string;
  readonly offset: number;
  has(connection: Connection): boolean;
}

/** What {@link RoomCopies} asks. */
export interface RoomCopiesParts {
  readonly clock: Clock;
  readonly channelOf: (name: string) => ReadChannel | undefined;
}

/** Decides which connections get an entry. */
export class RoomCopies {
  readonly #channelOf: RoomCopiesParts["channelOf"];
  readonly #parts = new Map<Connection, ReadPart[]>();
  /** The channels in which a connection got `skip` for what it is going to get in another one, by that one. */
  readonly #postponed = new Map<Connection, Map<string, Set<string>>>();
  readonly #expiry: ExpiryTimer<ReadPart>;

  constructor({ channelOf, clock }: RoomCopiesParts) {
    this.#channelOf = channelOf;
    const onExpire = (part: ReadPart): void => {
      this.#forget(part);
    };
    this.#expiry = new ExpiryTimer({ clock, ms: REMEMBERED_MS, onExpire });
  }

  /** The text of an entry for one of its readers; undefined for one that does not get it, or has got it in another room. */
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
    // The reserved field is the last one.
    return also.length === 0 ? text : `${text.slice(0, -2)},"also":${JSON.stringify(also)}}}`;
  }

  /** A connection reads a room from its present position on. @param before up to where its client had read it, behind a gap */
  begin(connection: Connection, { name, epoch, offset }: ReadChannel, before?: Position): void {
    this.#add({ connection, channel: name, epoch, from: offset, to: undefined });
    if (before !== undefined)
      this.#add({ connection, channel: name, epoch: before.epoch, from: -1, to: before.off });
  }

  /** A connection reads a room no more. */
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
   * A connection reads a channel, or is not going to read it any more.
   *
   * @returns the channels in which it got `skip` for what it was going to get in this one
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

  /** Whether the connection has got, or is going to get, what stands there. */
  #hasRead(connection: Connection, asked: string, { room, epoch, off }: EarlierEntry): boolean {
    const name = roomChannel(room);
    const channel = this.#channelOf(name);
    const isReading = channel?.has(connection) === true;
    if (epoch === undefined || off === undefined) return isReading;
    const isPart = (part: ReadPart): boolean =>
      part.channel === name && part.epoch === epoch && part.from < off && off <= (part.to ?? Infinity);
    if (this.#parts.get(connection)?.some(isPart) === true) return true;
    // With a part of an earlier epoch the connection reads on in this one, behind a gap.
    if (isReading) return channel.epoch === epoch && this.#openPart(connection, name)?.epoch !== epoch;
    const next = this.#nextPosition(connection, room);
    if (next?.epoch !== epoch) return false;
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

  /** From where a connection is going to read a room that it does not read now: the room is pending, or its right is being asked. */
  #nextPosition({ pendingRooms, withheld }: Connection, room: string): Position | undefined {
    return pendingRooms?.positionOf(room) ?? withheld?.get(roomChannel(room));
  }
}

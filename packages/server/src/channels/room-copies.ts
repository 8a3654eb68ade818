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

/** As long as a publish can be repeated with its key. */
const LEFT_MS = 300_000;
/** How many rooms that a connection has left are remembered. */
const MAX_LEFT = 100;
/** Shorter where the connection reads on in the room, because then many connections do so at once. */
const READING_ON_MS = 15_000;

/** A part of a room that a connection has read and does not read now: the messages after `from`, up to `to`. */
interface ReadPart {
  readonly connection: Connection;
  readonly channel: string;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
}

/** The part of a channel that {@link RoomCopies} reads. */
interface ReadChannel {
  readonly name: string;
  readonly epoch: string;
  readonly offset: number;
  has(connection: Connection): boolean;
  startOf(connection: Connection): number;
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
  readonly #left: ExpiryTimer<ReadPart>;
  readonly #readingOn: ExpiryTimer<ReadPart>;

  constructor({ channelOf, clock }: RoomCopiesParts) {
    this.#channelOf = channelOf;
    const create = (ms: number): ExpiryTimer<ReadPart> => {
      const onExpire = (part: ReadPart): void => {
        if (willReadMore(part.connection)) timer.schedule(part);
        else this.#forget(part);
      };
      const timer = new ExpiryTimer({ clock, ms, onExpire });
      return timer;
    };
    this.#left = create(LEFT_MS);
    this.#readingOn = create(READING_ON_MS);
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

  /** A connection reads a room again, behind a gap. @param before the position up to which its client had read */
  readBefore(connection: Connection, channel: string, { epoch, off }: Position): void {
    this.#add({ connection, channel, epoch, from: -1, to: off }, this.#readingOn);
  }

  /**
   * Call before a connection stops reading a room.
   *
   * @param readsOn whether it stays in the room, and goes on from there later
   */
  end(connection: Connection, channel: ReadChannel, readsOn: boolean): void {
    if (connection.stage === "closed") {
      this.#postponed.delete(connection);
      for (const part of this.#parts.get(connection) ?? []) this.#cancel(part);
      this.#parts.delete(connection);
      return;
    }
    const { name, epoch, offset } = channel;
    const part = { connection, channel: name, epoch, from: channel.startOf(connection), to: offset };
    this.#add(part, readsOn ? this.#readingOn : this.#left);
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
    this.#left.clear();
    this.#readingOn.clear();
    this.#parts.clear();
  }

  #add(part: ReadPart, timer: ExpiryTimer<ReadPart>): void {
    if (roomNameOf(part.channel) === undefined) return;
    const parts = this.#parts.get(part.connection) ?? [];
    const oldest = parts.length >= MAX_LEFT && timer === this.#left ? parts.shift() : undefined;
    if (oldest !== undefined) this.#cancel(oldest);
    parts.push(part);
    this.#parts.set(part.connection, parts);
    timer.schedule(part);
  }

  #cancel(part: ReadPart): void {
    this.#left.cancel(part);
    this.#readingOn.cancel(part);
  }

  #forget(part: ReadPart): void {
    const rest = (this.#parts.get(part.connection) ?? []).filter((other) => other !== part);
    if (rest.length === 0) this.#parts.delete(part.connection);
    else this.#parts.set(part.connection, rest);
  }

  /** Whether the connection has got, or will get, the message of this entry. */
  #hasRead(connection: Connection, asked: string, { room, epoch, off }: EarlierEntry): boolean {
    const name = roomChannel(room);
    const channel = this.#channelOf(name);
    const isReading = channel?.has(connection) === true;
    if (epoch === undefined || off === undefined) return isReading;
    const isPart = (part: ReadPart): boolean =>
      part.channel === name && part.epoch === epoch && part.from < off && off <= part.to;
    if (this.#parts.get(connection)?.some(isPart) === true) return true;
    if (isReading) return channel.epoch === epoch && channel.startOf(connection) < off;
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
function willReadMore({ pendingRooms, stage, unfinished, withheld }: Connection): boolean {
  if (stage === "closed") return false;
  return (pendingRooms?.size ?? 0) + (withheld?.size ?? 0) > 0 || unfinished !== undefined;
}

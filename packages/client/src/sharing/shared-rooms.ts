// Which tabs are in which room of the shared connection.
// A room is joined at the server by each tab, and left with the last one; what a tab shows in it ends with the tab.
import type { Frame } from "@halyard/protocol/wire";
import { channelOfRoom, isRoom } from "./shared-channels.ts";

interface Joined {
  readonly ch: string;
  readonly epoch: string;
  readonly off: number;
}

interface SharedRoom {
  /** The tabs that want to be in it, and those that read it. */
  readonly wanted: Set<string>;
  readonly readers: Set<string>;
  /** What each tab shows, the latest last. */
  readonly shown: Map<string, unknown>;
}

const nameOf = (ch: string): string => ch.slice("room:".length);

export class SharedRooms {
  readonly #write: (text: string) => void;
  readonly #rooms = new Map<string, SharedRoom>();
  /** The rooms that the server gave to the connection, and with it to each tab. */
  readonly #given = new Set<string>();
  /** The rooms that are being joined, by the id of the frame. */
  readonly #joins = new Map<string, string>();
  /** Whether the connection has left a room because its tab has gone: the server may have been told too late for a message. */
  hasLeft = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** @param asked the rooms of the hello, which the tab "" wants until it exits: the server gave the others */
  begin(channels: readonly string[], asked: readonly string[]): void {
    this.enter("", asked, channels);
    for (const ch of channels) if (isRoom(ch) && !this.#rooms.has(ch)) this.#given.add(ch);
  }

  /** @returns the channels of a tab, of those that the connection has */
  enter(tab: string, rooms: readonly string[], channels: readonly string[]): string[] {
    for (const name of rooms) {
      const room = this.#room(name);
      room.wanted.add(tab);
      if (channels.includes(channelOfRoom(name))) room.readers.add(tab);
    }
    return channels.filter((ch) => this.reads(tab, ch));
  }

  /** Whether a tab gets the frames of a channel. */
  reads(tab: string, ch: string, type?: string): boolean {
    if (!isRoom(ch)) return true;
    const { wanted, readers } = this.#rooms.get(ch) ?? {};
    if (type === "joined") return !wanted?.size || wanted.has(tab);
    // A room that is pending has no readers yet.
    const tabs = type === "left" || type === "gap" ? wanted : readers;
    return this.#given.has(ch) || tabs?.has(tab) === true;
  }

  /** Without a tab that wants it, the server gave it. */
  onJoined(ch: string): void {
    const room = this.#rooms.get(ch);
    if (!room?.wanted.size) this.#given.add(ch);
    else for (const tab of room.wanted) room.readers.add(tab);
  }

  onLeft(ch: string): void {
    this.#rooms.delete(ch);
    this.#given.delete(ch);
  }

  /** A frame that a tab sends. @returns the answer where the server is not asked */
  onTabFrame(
    { id: tab, clientId }: { readonly id: string; readonly clientId: string },
    frame: Frame,
    isOnlyTab: boolean,
  ): object | undefined {
    const { room: name } = frame as { room?: string };
    if (typeof name !== "string" || !/^(join|leave|presence_update)$/.test(frame.type)) return undefined;
    const room = this.#room(name);
    if (frame.type === "presence_update") {
      room.shown.delete(tab);
      room.shown.set(tab, frame["state"]);
    } else if (frame.type === "join") {
      room.wanted.add(tab);
      this.#joins.set(`${clientId}:${String(frame.$?.id)}`, channelOfRoom(name));
    } else {
      const ch = channelOfRoom(name);
      if (isOnlyTab) this.#given.delete(ch);
      if (this.#leave(ch, room, tab)) return { type: "reply" };
    }
    return undefined;
  }

  /** @param tab the id of the tab that has asked; undefined if the tab has gone @returns the room that the tab has joined */
  onAnswer(tab = "", id: string, frame: Frame): Joined | undefined {
    const ch = this.#joins.get(id);
    if (ch === undefined) return undefined;
    this.#joins.delete(id);
    const room = this.#rooms.get(ch);
    const isJoined = frame.type === "reply";
    if (isJoined && room?.wanted.has(tab)) {
      room.readers.add(tab);
      return frame["result"] as Joined;
    }
    room?.wanted.delete(tab);
    // The join has waited here, and the leave of its tab, or its end, has overtaken it.
    if (isJoined && !room?.wanted.size && !this.#given.has(ch)) this.#leaveWithoutTab(ch);
    return undefined;
  }

  /** A tab is gone. @returns the channels of the rooms that are left with it */
  exit(tab: string): string[] {
    const left: string[] = [];
    for (const [ch, room] of this.#rooms) {
      if (!room.wanted.has(tab) || this.#leave(ch, room, tab)) continue;
      left.push(ch);
      this.#leaveWithoutTab(ch);
    }
    return left;
  }

  clear(): void {
    this.#rooms.clear();
    this.#given.clear();
    this.#joins.clear();
    this.hasLeft = false;
  }

  #leaveWithoutTab(ch: string): void {
    this.hasLeft = true;
    this.#write(JSON.stringify({ type: "leave", room: nameOf(ch) }));
  }

  #room(name: string): SharedRoom {
    const ch = channelOfRoom(name);
    const known = this.#rooms.get(ch);
    if (known) return known;
    const room: SharedRoom = { wanted: new Set(), readers: new Set(), shown: new Map() };
    this.#rooms.set(ch, room);
    return room;
  }

  /** @returns whether the connection stays in the room: for other tabs, or because the server gave it */
  #leave(ch: string, { wanted, readers, shown }: SharedRoom, tab: string): boolean {
    wanted.delete(tab);
    readers.delete(tab);
    const wasLatest = [...shown.keys()].at(-1) === tab;
    shown.delete(tab);
    const latest = [...shown.values()].at(-1);
    if (wasLatest && latest !== undefined)
      this.#write(JSON.stringify({ type: "presence_update", room: nameOf(ch), state: latest }));
    if (wanted.size === 0) this.#rooms.delete(ch);
    return wanted.size > 0 || this.#given.has(ch);
  }
}

// The names of channels as they appear on the wire.
import { normalizeRoomName, ROOM_NAME_RULE } from "@halyard/protocol/wire";
import { flatConcat } from "../utils/flat-concat.ts";
import { printable } from "@halyard/protocol/internal";

/** The channel of every connection. */
export const GLOBAL_CHANNEL = "all";

export const roomChannel = (room: string): string => `room:${room}`;
export const userChannel = (userId: string): string => flatConcat("user:", userId);

/** The room of a channel; undefined if the channel does not belong to a room. */
export function roomNameOf(channel: string): string | undefined {
  return channel.startsWith("room:") ? channel.slice("room:".length) : undefined;
}

const MAX_ROOMS = 100;

/**
 * Validates the room names of one publish.
 *
 * @throws TypeError for a text that is not a room name, for a duplicate, and for too many rooms
 */
export function checkedRoomNames(rooms: readonly string[]): readonly string[] {
  if (rooms.length > MAX_ROOMS) throw new TypeError(`a message goes to at most ${String(MAX_ROOMS)} rooms`);
  const names = rooms.map(checkedRoomName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new TypeError(`a room is named twice: ${printable(JSON.stringify(twice), 140)}`);
  return names;
}

/**
 * The name under which the server knows a room that the application names.
 *
 * @throws TypeError for a text that is not a room name
 */
export function checkedRoomName(room: string): string {
  const name = normalizeRoomName(room);
  if (name === undefined) throw new TypeError(`${ROOM_NAME_RULE}: ${printable(JSON.stringify(room), 140)}`);
  return name;
}

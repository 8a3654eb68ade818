import { flatConcat } from "../utils/flat-concat.ts";
// Names of channels, as they stand on the wire.

/** The channel of every connection. */
export const GLOBAL_CHANNEL = "all";

export const roomChannel = (room: string): string => `room:${room}`;
export const userChannel = (userId: string): string => flatConcat("user:", userId);

/** The room of a channel, or undefined if the channel is not a room's. */
export function roomNameOf(channel: string): string | undefined {
  return channel.startsWith("room:") ? channel.slice("room:".length) : undefined;
}

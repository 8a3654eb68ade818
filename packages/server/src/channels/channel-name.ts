// Channels are named as on the wire, so that nothing is translated on the way.

/** Everybody. */
export const GLOBAL_CHANNEL = "all";

export const roomChannel = (room: string): string => `room:${room}`;
export const userChannel = (userId: string): string => `user:${userId}`;

/** The room of a channel, or undefined when it is none. */
export function roomNameOf(channel: string): string | undefined {
  return channel.startsWith("room:") ? channel.slice("room:".length) : undefined;
}

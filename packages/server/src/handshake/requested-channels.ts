import type { HelloMessage } from "@halyard/protocol";
import type { Authorization } from "../messages/authorization.ts";
import { GLOBAL_CHANNEL, roomChannel, roomNameOf, userChannel } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../assembly.ts";
import { LimitError } from "../utils/errors.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";

/** A channel that a connection is to read. */
export interface ChannelRequest {
  readonly channel: string;
  readonly position: { readonly epoch: string; readonly off: number } | undefined;
  /** Why it is not let in: it lost the right to what it missed, or has too many rooms. */
  readonly rejectedFor: "forbidden" | "limit_exceeded" | undefined;
}

type RequestedChannel = Pick<ChannelRequest, "channel" | "position"> & { readonly isOwn: boolean };

interface ChannelAccess {
  readonly core: ServerContext;
  readonly authorization: Authorization;
}

/** The channels that the connection is to read, each asked for again: a resume never skips a check. */
export function resolveRequestedChannels(
  connection: Connection,
  hello: Pick<HelloMessage, "positions" | "rooms">,
  { core, authorization }: ChannelAccess,
): MaybePromise<readonly ChannelRequest[]> {
  const own = userChannel(connection.userId);
  const isNew = connection.rooms === undefined && connection.roomsJoinedByServer === undefined;
  if (isNew && hello.rooms.length + hello.positions.length === 0) {
    const canReadGlobal = authorization.allows(connection, "join", GLOBAL_CHANNEL);
    return canReadGlobal instanceof Promise
      ? canReadGlobal.then((canRead) => defaultChannels(own, canRead))
      : defaultChannels(own, canReadGlobal);
  }
  const alreadyJoined = new Set([...(connection.rooms ?? []), ...(connection.roomsJoinedByServer ?? [])]);
  const rooms = new Set([...alreadyJoined, ...hello.rooms]);
  connection.roomsJoinedByServer = undefined;
  connection.rooms = undefined;
  const positions = new Map(hello.positions.map(({ ch, epoch, off }) => [ch, { epoch, off }]));
  const roomChannels = [...rooms].map(roomChannel);
  const channels = [GLOBAL_CHANNEL, own, ...roomChannels.slice(0, core.limits.rooms)];
  // The client's own order says what matters most to it when not everything can be replayed.
  const order = [...positions.keys()];
  const rank = (channel: string): number => (order.includes(channel) ? order.indexOf(channel) : order.length);
  channels.sort((a, b) => rank(a) - rank(b));
  const tooMany = roomChannels
    .slice(core.limits.rooms)
    .map((channel): ChannelRequest => ({ channel, position: undefined, rejectedFor: "limit_exceeded" }));
  if (tooMany.length > 0)
    core.securityReporter.recordRefusal(connection, new LimitError("limit_exceeded", "rooms"));
  const requested = channels.map((channel) => {
    const room = roomNameOf(channel);
    const isOwn = channel === own || (room !== undefined && alreadyJoined.has(room));
    return resolveChannel(connection, authorization, { channel, position: positions.get(channel), isOwn });
  });
  return Promise.all(requested).then((resolved) => [...resolved, ...tooMany]);
}

async function resolveChannel(
  connection: Connection,
  authorization: Authorization,
  { channel, position, isOwn }: RequestedChannel,
): Promise<ChannelRequest> {
  const room = roomNameOf(channel) ?? GLOBAL_CHANNEL;
  const mayJoin = isOwn || (await authorization.allows(connection, "join", room));
  const mayRead =
    mayJoin && (isOwn || position === undefined || (await authorization.allows(connection, "history", room)));
  return { channel, position, rejectedFor: mayRead ? undefined : "forbidden" };
}

/** Of a connection that comes without anything: everybody's channel and its own. */
function defaultChannels(own: string, canReadGlobal: boolean): readonly ChannelRequest[] {
  return [
    { channel: GLOBAL_CHANNEL, position: undefined, rejectedFor: canReadGlobal ? undefined : "forbidden" },
    { channel: own, position: undefined, rejectedFor: undefined },
  ];
}

import type { HelloMessage } from "@halyard/protocol";
import type { Authorization } from "../messages/authorization.ts";
import { ALL, roomChannel, roomOf, userChannel } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { Core } from "../messages/server-context.ts";
import { LimitError } from "../utils/errors.ts";
import type { Eventual } from "../utils/maybe-promise.ts";

/** A channel that a connection is to read. */
export interface Wish {
  readonly channel: string;
  readonly position: { readonly epoch: string; readonly off: number } | undefined;
  /** Why it is not let in: it lost the right to what it missed, or has too many rooms. */
  readonly refused: "forbidden" | "limit_exceeded" | undefined;
}

type Asked = Pick<Wish, "channel" | "position"> & { readonly isOwn: boolean };

interface Doorkeepers {
  readonly core: Core;
  readonly authorization: Authorization;
}

/** The channels that the connection is to read, each asked for again: a resume never skips a check. */
export function wishesOf(
  connection: Connection,
  hello: Pick<HelloMessage, "positions" | "rooms">,
  { core, authorization }: Doorkeepers,
): Eventual<readonly Wish[]> {
  const own = userChannel(connection.userId);
  const isNew = connection.rooms === undefined && connection.invited === undefined;
  if (isNew && hello.rooms.length + hello.positions.length === 0) {
    const mayHearAll = authorization.allows(connection, "join", ALL);
    return mayHearAll instanceof Promise
      ? mayHearAll.then((mayHear) => firstWishes(own, mayHear))
      : firstWishes(own, mayHearAll);
  }
  const given = new Set([...(connection.rooms ?? []), ...(connection.invited ?? [])]);
  const rooms = new Set([...given, ...hello.rooms]);
  connection.invited = undefined;
  connection.rooms = undefined;
  const positions = new Map(hello.positions.map(({ ch, epoch, off }) => [ch, { epoch, off }]));
  const asked = [...rooms].map(roomChannel);
  const channels = [ALL, own, ...asked.slice(0, core.limits.rooms)];
  // The client's own order says what matters most to it when not everything can be replayed.
  const order = [...positions.keys()];
  const rank = (channel: string): number => (order.includes(channel) ? order.indexOf(channel) : order.length);
  channels.sort((a, b) => rank(a) - rank(b));
  const tooMany = asked
    .slice(core.limits.rooms)
    .map((channel): Wish => ({ channel, position: undefined, refused: "limit_exceeded" }));
  if (tooMany.length > 0) core.security.refused(connection, new LimitError("limit_exceeded", "rooms"));
  const wishes = channels.map((channel) => {
    const room = roomOf(channel);
    const isOwn = channel === own || (room !== undefined && given.has(room));
    return toWish(connection, authorization, { channel, position: positions.get(channel), isOwn });
  });
  return Promise.all(wishes).then((wished) => [...wished, ...tooMany]);
}

async function toWish(
  connection: Connection,
  authorization: Authorization,
  { channel, position, isOwn }: Asked,
): Promise<Wish> {
  const room = roomOf(channel) ?? ALL;
  const mayJoin = isOwn || (await authorization.allows(connection, "join", room));
  const mayRead =
    mayJoin && (isOwn || position === undefined || (await authorization.allows(connection, "history", room)));
  return { channel, position, refused: mayRead ? undefined : "forbidden" };
}

/** Of a connection that comes without anything: everybody's channel and its own. */
function firstWishes(own: string, mayHearAll: boolean): readonly Wish[] {
  return [
    { channel: ALL, position: undefined, refused: mayHearAll ? undefined : "forbidden" },
    { channel: own, position: undefined, refused: undefined },
  ];
}

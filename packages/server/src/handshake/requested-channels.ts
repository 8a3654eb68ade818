// The channels that a connection is to be subscribed to by its welcome, each with the answer of `authorize`.
// Called by WelcomeSender.
// Guarantees: a resume skips no check; rooms above the limit are refused and recorded.
import type { HelloMessage } from "@halyard/protocol";
import { GLOBAL_CHANNEL, roomChannel, roomNameOf, userChannel } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { Authorization } from "../messages/authorization.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import { LimitError } from "../utils/errors.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";

/** A channel that a connection is to be subscribed to. */
export interface ChannelRequest {
  readonly channel: string;
  readonly position: { readonly epoch: string; readonly off: number } | undefined;
  /** Why the subscription is refused: the right to the channel or its history is missing, or there are too many rooms. */
  readonly rejectedFor: "forbidden" | "limit_exceeded" | undefined;
}

/** What {@link RequestedChannels} uses. */
export interface RequestedChannelsParts {
  readonly authorization: Authorization;
  readonly limits: Pick<ServerLimits, "rooms">;
  readonly securityReporter: SecurityReporter;
}

/** `isOwn`: the user's own channel, or a room that the server joined; no right is needed. */
type UncheckedChannel = Pick<ChannelRequest, "channel" | "position"> & { readonly isOwn: boolean };

type Subscriptions = Pick<HelloMessage, "positions" | "rooms">;

/** Checks what a connection may be subscribed to. */
export class RequestedChannels {
  readonly #parts: RequestedChannelsParts;

  constructor(parts: RequestedChannelsParts) {
    this.#parts = parts;
  }

  resolve(connection: Connection, hello: Subscriptions): MaybePromise<readonly ChannelRequest[]> {
    const isNew = connection.rooms === undefined && connection.roomsJoinedByServer === undefined;
    if (!isNew || hello.rooms.length + hello.positions.length > 0) return this.#checkAll(connection, hello);
    return andThen(
      this.#parts.authorization.allows(connection, "join", GLOBAL_CHANNEL),
      (canReadGlobal): readonly ChannelRequest[] => [
        {
          channel: GLOBAL_CHANNEL,
          position: undefined,
          rejectedFor: canReadGlobal ? undefined : "forbidden",
        },
        { channel: userChannel(connection.userId), position: undefined, rejectedFor: undefined },
      ],
    );
  }

  async #checkAll(connection: Connection, hello: Subscriptions): Promise<readonly ChannelRequest[]> {
    const { limits, securityReporter } = this.#parts;
    const own = userChannel(connection.userId);
    const joinedRooms = new Set([...(connection.rooms ?? []), ...(connection.roomsJoinedByServer ?? [])]);
    connection.roomsJoinedByServer = undefined;
    connection.rooms = undefined;
    const positions = new Map(hello.positions.map(({ ch, epoch, off }) => [ch, { epoch, off }]));
    const roomChannels = [...new Set([...joinedRooms, ...hello.rooms])].map(roomChannel);
    const channels = [GLOBAL_CHANNEL, own, ...roomChannels.slice(0, limits.rooms)];
    sortByPosition(channels, [...positions.keys()]);
    const tooMany = roomChannels
      .slice(limits.rooms)
      .map((channel): ChannelRequest => ({ channel, position: undefined, rejectedFor: "limit_exceeded" }));
    if (tooMany.length > 0)
      securityReporter.recordRefusal(connection, new LimitError("limit_exceeded", "rooms"));
    const requests = channels.map((channel) => {
      const room = roomNameOf(channel);
      const isOwn = channel === own || (room !== undefined && joinedRooms.has(room));
      return this.#check(connection, { channel, position: positions.get(channel), isOwn });
    });
    return [...(await Promise.all(requests)), ...tooMany];
  }

  async #check(
    connection: Connection,
    { channel, position, isOwn }: UncheckedChannel,
  ): Promise<ChannelRequest> {
    const { authorization } = this.#parts;
    const room = roomNameOf(channel) ?? GLOBAL_CHANNEL;
    const mayJoin = isOwn || (await authorization.allows(connection, "join", room));
    const mayRead =
      mayJoin &&
      (isOwn || position === undefined || (await authorization.allows(connection, "history", room)));
    return { channel, position, rejectedFor: mayRead ? undefined : "forbidden" };
  }
}

/** The client's order of positions comes first: it says what to replay when the budget is not enough for everything. */
function sortByPosition(channels: string[], order: readonly string[]): void {
  const rank = (channel: string): number => (order.includes(channel) ? order.indexOf(channel) : order.length);
  channels.sort((a, b) => rank(a) - rank(b));
}

// The channels that a connection is to be subscribed to by its welcome, each with the answer of `authorize`.
// Called by WelcomeSender.
// Guarantees: a resume skips no check; each room that is refused has its reason; rooms above the limit are recorded.
import type { HelloMessage, Position } from "@halyard/protocol";
import { normalizeRoomName } from "@halyard/protocol/wire";
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
  readonly position: Position | undefined;
  /**
   * Why the subscription is refused: the right to the channel or its history is missing, there are too many rooms, or the
   * room has no valid name.
   */
  readonly rejectedFor: "forbidden" | "limit_exceeded" | "invalid_message" | undefined;
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

/** How many times `limits.rooms` a hello may name. Each room above the limit is answered. */
const MAX_NAMED_ROOMS = 10;

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
    // Kept until the welcome: the application may leave one again meanwhile, and a change of rights asks anew.
    if (joinedRooms.size > 0) connection.roomsJoinedByServer = joinedRooms;
    connection.rooms = undefined;
    if (hello.rooms.length > MAX_NAMED_ROOMS * limits.rooms) throw new LimitError("limit_exceeded", "rooms");
    const positions = positionsOf(hello);
    const { valid, invalid } = roomNames(hello.rooms);
    const roomChannels = [...new Set([...joinedRooms, ...valid])].map(roomChannel);
    const channels = [GLOBAL_CHANNEL, own, ...roomChannels.slice(0, limits.rooms)];
    sortByPosition(channels, [...positions.keys()]);
    const refused = [
      ...roomChannels.slice(limits.rooms).map(refusal("limit_exceeded")),
      ...invalid.map(roomChannel).map(refusal("invalid_message")),
    ];
    if (roomChannels.length > limits.rooms)
      securityReporter.recordRefusal(connection, new LimitError("limit_exceeded", "rooms"));
    const requests = channels.map((channel) => {
      const room = roomNameOf(channel);
      const isOwn = channel === own || (room !== undefined && joinedRooms.has(room));
      return this.#check(connection, { channel, position: positions.get(channel), isOwn });
    });
    return [...(await Promise.all(requests)), ...refused];
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

/** By channel, in the client's order. A position of a channel that cannot exist is ignored. */
function positionsOf(hello: Subscriptions): Map<string, Position> {
  const positions = new Map<string, Position>();
  for (const { ch, epoch, off } of hello.positions) {
    const name = roomNameOf(ch);
    const room = name === undefined ? undefined : normalizeRoomName(name);
    if (name === undefined || room !== undefined)
      positions.set(room === undefined ? ch : roomChannel(room), { epoch, off });
  }
  return positions;
}

function roomNames(names: readonly string[]): Record<"valid" | "invalid", readonly string[]> {
  const valid = new Set<string>();
  const invalid = new Set<string>();
  for (const name of names) {
    const room = normalizeRoomName(name);
    if (room === undefined) invalid.add(name);
    else valid.add(room);
  }
  return { valid: [...valid], invalid: [...invalid] };
}

function refusal(rejectedFor: "limit_exceeded" | "invalid_message") {
  return (channel: string): ChannelRequest => ({ channel, position: undefined, rejectedFor });
}

/** The client's order of positions comes first: it says what to replay when the budget is not enough for everything. */
function sortByPosition(channels: string[], order: readonly string[]): void {
  const ranks = new Map(order.map((channel, index) => [channel, index]));
  const rank = (channel: string): number => ranks.get(channel) ?? order.length;
  channels.sort((a, b) => rank(a) - rank(b));
}

// Determines the channels that the welcome subscribes a connection to, each with the answer of `authorize`.
// Called by WelcomeSender.
// Guarantees: a resume skips no check; each refused room has a reason; rooms above the limit are recorded; the rooms
// that the server gave to the client come first; rooms above the user's rate become pending, in the client's order, and so do
// channels about which `authorize` has not answered in time.
import { isPromise } from "@halyard/protocol/internal";
import type { HelloMessage } from "@halyard/protocol";
import type { ResumePosition } from "@halyard/protocol/internal";
import { LIMITS, normalizeRoomName } from "@halyard/protocol/wire";
import { GLOBAL_CHANNEL, roomChannel, roomNameOf, userChannel } from "../channels/channel-name.ts";
import type { ClientRooms } from "../connection/client-rooms.ts";
import type { Connection } from "../connection/connection.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import type { ServerLimits } from "../limits.ts";
import type { Authorization } from "../messages/authorization.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import { LimitError } from "../utils/errors.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Clock } from "../types.ts";
import { untilDeadline } from "../utils/with-deadline.ts";

/** A channel to which a connection asks to be subscribed. */
export interface ChannelRequest {
  readonly channel: string;
  readonly position: ResumePosition | undefined;
  /**
   * Why the subscription is refused: no right to the channel or its history, too many rooms, or
   * an invalid room name.
   */
  readonly rejectedFor: "forbidden" | "limit_exceeded" | "invalid_message" | undefined;
  /** Whether the room is joined after the welcome, when the user's rate of joins allows it. */
  readonly isPending?: boolean;
  /** Whether the pending room was already counted against that rate, because only the backplane or `authorize` did not answer. */
  readonly isPaid?: boolean;
  /** Whether `authorize` did not answer in time. It is asked again after the welcome. */
  readonly isLate?: boolean;
}

/** The dependencies of {@link RequestedChannels}. */
export interface RequestedChannelsParts {
  readonly authorization: Authorization;
  readonly clientRooms: ClientRooms;
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "rooms">;
  readonly rateLimits: RateLimits;
  readonly securityReporter: SecurityReporter;
}

type UncheckedChannel = Pick<ChannelRequest, "channel" | "position">;

type Subscriptions = Pick<HelloMessage, "positions" | "rooms">;

/**
 * How many times `limits.rooms` a hello may name. It is never less than what a client names before it knows the limit. Each room above
 * the limit gets an answer.
 */
const MAX_NAMED_ROOMS = 10;

/**
 * How long a welcome waits for `authorize`. A client ends an attempt without a welcome after 10 s, and the next one would ask
 * again for every room.
 */
const ANSWERS_MS = 3_000;

/** Checks what a connection may be subscribed to. */
export class RequestedChannels {
  readonly #parts: RequestedChannelsParts;

  constructor(parts: RequestedChannelsParts) {
    this.#parts = parts;
  }

  resolve(connection: Connection, hello: Subscriptions): MaybePromise<readonly ChannelRequest[]> {
    return andThen(this.#parts.clientRooms.recallIfThere(connection), () => this.#check(connection, hello));
  }

  #check(connection: Connection, hello: Subscriptions): MaybePromise<readonly ChannelRequest[]> {
    const isNew = connection.rooms === undefined && connection.givenRooms === undefined;
    if (!isNew || hello.rooms.length + hello.positions.length > 0) return this.#checkAll(connection, hello);
    const own: ChannelRequest = {
      channel: userChannel(connection.userId),
      position: undefined,
      rejectedFor: undefined,
    };
    const canReadGlobal = this.#parts.authorization.allows(connection, "join", GLOBAL_CHANNEL);
    const toRequest = (canRead: boolean): ChannelRequest => {
      const rejectedFor = canRead ? undefined : "forbidden";
      return { channel: GLOBAL_CHANNEL, position: undefined, rejectedFor };
    };
    if (!isPromise(canReadGlobal)) return [toRequest(canReadGlobal), own];
    const asked = { channel: GLOBAL_CHANNEL, position: undefined };
    return this.#inTime(connection, [asked], [canReadGlobal.then(toRequest)]).then(([all]) =>
      all === undefined ? [own] : [all, own],
    );
  }

  async #checkAll(connection: Connection, hello: Subscriptions): Promise<readonly ChannelRequest[]> {
    const { limits, rateLimits, securityReporter } = this.#parts;
    if (hello.rooms.length > MAX_NAMED_ROOMS * Math.max(limits.rooms, LIMITS.rooms / MAX_NAMED_ROOMS))
      throw new LimitError("limit_exceeded", "rooms");
    const positions = positionsOf(hello);
    if (connection.unfinished?.hasUnreadRooms === true) connection.unfinished.positions = positions;
    const { valid, invalid } = roomNames(hello.rooms);
    // A plain client that sends its hello late may already be in rooms.
    const heldRooms = new Set([...(connection.givenRooms ?? []), ...(connection.rooms ?? [])]);
    const roomChannels = [...new Set([...heldRooms, ...valid])].map(roomChannel);
    const accepted = roomChannels.slice(0, limits.rooms);
    // Rooms that the connection already has do not count as joins.
    const joins = Math.max(0, accepted.length - heldRooms.size);
    const due = heldRooms.size + rateLimits.takeHelloRooms(connection, joins);
    const channels = [GLOBAL_CHANNEL, userChannel(connection.userId), ...accepted.slice(0, due)];
    sortByPosition(channels, [...positions.keys()]);
    const pending = accepted.slice(due).map((channel): ChannelRequest => {
      return { channel, position: positions.get(channel), rejectedFor: undefined, isPending: true };
    });
    const refused = [
      ...roomChannels.slice(limits.rooms).map(refusal("limit_exceeded")),
      ...invalid.map(roomChannel).map(refusal("invalid_message")),
    ];
    if (roomChannels.length > limits.rooms)
      securityReporter.recordRefusal(connection, new LimitError("limit_exceeded", "rooms"));
    const asked = channels.map((channel) => ({ channel, position: positions.get(channel) }));
    let isOver = false;
    const requests = asked.map((each) => this.#checkOne(connection, each, () => isOver));
    const decided = await this.#inTime(connection, asked, requests);
    isOver = true;
    return [...decided, ...pending, ...refused];
  }

  /** The requests with the answers that come in time; the others are pending. A plain client knows no pending channels, so all are awaited. */
  async #inTime(
    { isV1 }: Connection,
    asked: readonly UncheckedChannel[],
    requests: readonly Promise<ChannelRequest>[],
  ): Promise<readonly ChannelRequest[]> {
    if (!isV1) return Promise.all(requests);
    const known = asked.map((each): ChannelRequest => {
      return { ...each, rejectedFor: undefined, isPending: true, isPaid: true, isLate: true };
    });
    const all = requests.map(async (request, index) => {
      known[index] = await request;
    });
    const { clock } = this.#parts;
    await untilDeadline(Promise.all(all), { clock, ms: ANSWERS_MS });
    return [...known];
  }

  /** @param isOver whether the welcome is sent without this answer: `authorize` is asked again later, and only that refusal is recorded */
  async #checkOne(
    connection: Connection,
    { channel, position }: UncheckedChannel,
    isOver: () => boolean,
  ): Promise<ChannelRequest> {
    const { authorization, securityReporter } = this.#parts;
    const isOwn = channel === userChannel(connection.userId);
    const room = roomNameOf(channel) ?? GLOBAL_CHANNEL;
    const mayJoin = isOwn || (await authorization.allows(connection, "join", room));
    if (isOver()) return { channel, position, rejectedFor: "forbidden" };
    const mayRead =
      mayJoin &&
      (isOwn || position === undefined || (await authorization.allows(connection, "history", room)));
    // Every connection is subscribed to "all", so a missing right to it is not an attempt of the client.
    if (!mayRead && room !== GLOBAL_CHANNEL && !isOver())
      securityReporter.recordRefusal(connection, authorization.refusal(mayJoin ? "history" : "join"), {
        type: "hello",
        room,
      });
    return { channel, position, rejectedFor: mayRead ? undefined : "forbidden" };
  }
}

/** The positions by channel, in the client's order. A position of a channel that cannot exist is ignored. */
function positionsOf(hello: Subscriptions): Map<string, ResumePosition> {
  const positions = new Map<string, ResumePosition>();
  for (const { ch, ...position } of hello.positions) {
    const name = roomNameOf(ch);
    const room = name === undefined ? undefined : normalizeRoomName(name);
    if (name === undefined || room !== undefined)
      positions.set(room === undefined ? ch : roomChannel(room), position);
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

/** Sorts channels by the client's order of positions, which decides what to replay when the budget does not cover everything. */
function sortByPosition(channels: string[], order: readonly string[]): void {
  const ranks = new Map(order.map((channel, index) => [channel, index]));
  const rank = (channel: string): number => ranks.get(channel) ?? order.length;
  channels.sort((a, b) => rank(a) - rank(b));
}

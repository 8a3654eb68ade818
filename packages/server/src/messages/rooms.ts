// Joins and leaves rooms. Called by ControlFrames for clients, by the manager for the application, and by the handshake.
// Guarantee: a connection is subscribed to the channels, and present in the rosters, of exactly the rooms that it is in.
import type { JoinResult } from "@halyard/protocol";
import { encodeFrame, HalyardError } from "@halyard/protocol/wire";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { roomChannel } from "../channels/channel-name.ts";
import type { PresenceHub } from "../presence/presence-hub.ts";
import {
  commitReplay,
  gapFrame,
  isGap,
  planReplay,
  pushGapsOfUnread,
  pushReplays,
  replayBudget,
} from "../channels/replay.ts";
import type { ReplayPlan } from "../channels/replay.ts";
import type { ClientRooms } from "../connection/client-rooms.ts";
import { isMember } from "../connection/is-member.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { ServerLimits } from "../limits.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import type { BuiltIns } from "../types.ts";
import { ForbiddenError, isUnavailable, LimitError } from "../utils/errors.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Authorization } from "./authorization.ts";

interface RoomsParts {
  readonly authorization: Authorization;
  readonly builtIns: BuiltIns;
  readonly channels: ChannelHub;
  readonly clientRooms: ClientRooms;
  readonly limits: Pick<ServerLimits, "rooms">;
  readonly presence: PresenceHub;
  readonly securityReporter: Pick<SecurityReporter, "recordRefusal">;
}

type OnResult = (result: JoinResult) => void;

/** Manages the rooms of this node's connections. */
export class Rooms {
  readonly #parts: RoomsParts;

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  /**
   * Joins a room at the request of the client. Does nothing if the connection is already a member.
   *
   * @throws HalyardError `forbidden`, `limit_exceeded`
   */
  async joinByClient(connection: Connection, room: string, onResult: OnResult): Promise<void> {
    // The join may have waited for other operations on the room, and the connection may have closed since.
    if (connection.stage === "closed") throw new HalyardError("unavailable");
    const { authorization } = this.#parts;
    this.#assertRoomLeft(connection, room);
    const plan = await this.#planAllowed(connection, room, () =>
      authorization.assertAllowed(connection, "join", room),
    );
    this.#subscribe(connection, { room, plan, onResult });
    await this.sendJoined(connection, room);
  }

  /**
   * Joins a pending room of a hello, and answers with `joined` or `left`. Waits for no operation of the room: one that was added
   * before may wait for a send that waits for this join. Never rejects.
   */
  async joinPending(connection: Connection, room: string): Promise<void> {
    try {
      const plan = await this.#planAllowed(connection, room, () => this.#assertMayRead(connection, room));
      // The room may have been joined or left meanwhile.
      if (connection.pendingRooms?.has(room) !== true) return;
      this.#subscribe(connection, { room, plan, onResult: tellJoined(connection, room, plan) });
      await this.sendJoined(connection, room);
    } catch (error) {
      // After any other failure, for example while the backplane is away, the room stays pending.
      if (!(error instanceof ForbiddenError)) return;
      this.#parts.securityReporter.recordRefusal(connection, error, { type: "hello", room });
      this.#refusePending(connection, room);
    }
  }

  /** Makes the same checks as for the rooms of a hello that are not pending. @throws ForbiddenError */
  async #assertMayRead(connection: Connection, room: string): Promise<void> {
    const { authorization } = this.#parts;
    if (!(await authorization.allows(connection, "join", room))) throw authorization.refusal("join");
    if (connection.pendingRooms?.positionOf(room) === undefined) return;
    if (!(await authorization.allows(connection, "history", room))) throw authorization.refusal("history");
  }

  #refusePending(connection: Connection, room: string): void {
    const position = connection.pendingRooms?.positionOf(room);
    if (connection.pendingRooms?.settle(room) !== true) return;
    pushGapsOfUnread(this.#parts.channels, connection, roomChannel(room));
    if (position !== undefined)
      connection.push(gapFrame(roomChannel(room), { ...position, recovered: "forbidden" }));
    connection.push(new OutboundFrame(JSON.stringify({ type: "left", room, reason: "forbidden" })));
  }

  /** Plans where the connection begins to read, with the rights that it has at the end. Rejects like `assertAllowed`. */
  async #planAllowed(
    connection: Connection,
    room: string,
    assertAllowed: () => MaybePromise<void>,
  ): Promise<ReplayPlan> {
    for (;;) {
      const version = connection.rightsVersion;
      await assertAllowed();
      const plan = await this.#plan(connection, room);
      if (version === connection.rightsVersion) return plan;
    }
  }

  /**
   * Gives a room to a client, for the application: without asking `authorize`, until the room is left. While the backplane is away,
   * entering the room waits until it is back.
   *
   * @throws HalyardError by rejecting: `limit_exceeded`, or what the backplane rejects with beside `unavailable`
   */
  async joinByServer(connection: Connection, room: string): Promise<void> {
    const leaving = this.#parts.clientRooms.afterTake(connection, room);
    if (leaving !== undefined) await leaving;
    if (connection.stage === "closed") return;
    this.#assertRoomLeft(connection, room);
    const stored = this.#parts.clientRooms.give(connection, room);
    // The welcome enters every room that was given before it. One that is being prepared begins again.
    if (connection.stage !== "open") connection.rightsVersion++;
    await Promise.all([stored, connection.stage === "open" && this.#enterGivenIfThere(connection, room)]);
  }

  /** Like {@link enterGiven}, except that the room is entered later when the backplane is away. */
  async #enterGivenIfThere(connection: Connection, room: string): Promise<void> {
    try {
      await this.enterGiven(connection, room);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (connection.stage !== "closed") this.#parts.clientRooms.enterLater(connection);
    }
  }

  /** Enters a given room. A v1 client gets the position of the room's channel. */
  async enterGiven(connection: Connection, room: string): Promise<void> {
    if (connection.rooms?.has(room) === true) return;
    const plan = await this.#plan(connection, room);
    // The room may have been left meanwhile, or a late hello may have been said: the welcome that answers it enters the room.
    if (connection.givenRooms?.has(room) !== true || connection.stage === "handshaking") return;
    this.#subscribe(connection, { room, plan, onResult: tellJoined(connection, room, plan) });
    await this.sendJoined(connection, room);
  }

  /** @throws TypeError if built-in presence is off, so that rooms have no lists of users */
  assertHasUsers(): void {
    if (this.#parts.builtIns.presence === false)
      throw new TypeError("builtIns.presence is false: no room has a list of its users.");
  }

  /** Joins the room's presence, and sends the connection the list of its users. */
  async sendJoined(connection: Connection, room: string): Promise<void> {
    const { authorization, builtIns, presence } = this.#parts;
    if (builtIns.presence === false || connection.rooms?.has(room) !== true) return;
    await presence.join(connection, room);
    if (!isMember(connection, room)) {
      presence.leave(connection, { room, graceMs: 0 });
      return;
    }
    const canReadRoster =
      !authorization.isConfigured || (await authorization.allows(connection, "presence", room));
    if (canReadRoster && isMember(connection, room)) presence.subscribe(connection, room);
  }

  /**
   * Shows the presence state that a user has set to the others in the room.
   *
   * @param json the validated state
   * @throws HalyardError `forbidden`, or what `authorize` throws
   */
  async showState(connection: Connection, room: string, json: string): Promise<void> {
    const { authorization, builtIns, presence } = this.#parts;
    if (builtIns.presence === false)
      throw new ForbiddenError("presence", { rule: "builtIns.presence does not allow it" });
    let version: number;
    do {
      version = connection.rightsVersion;
      if (!isMember(connection, room)) throw new ForbiddenError("membership");
      // For a connection that reads the list, `authorize` was asked when it joined.
      if (!presence.isSubscribed(connection, room))
        await authorization.assertAllowed(connection, "presence", room);
    } while (version !== connection.rightsVersion);
    if (!isMember(connection, room)) throw new ForbiddenError("membership");
    presence.show(connection, room, json);
  }

  /** Leaves a room at once, and takes it back if it was given. Rejects when the backplane does, which then may not know of it. */
  leave(connection: Connection, room: string): MaybePromise<void> {
    this.end(connection, room);
    return this.#parts.clientRooms.take(connection, room);
  }

  /** Removes the connection from a room at the application's request. Otherwise like {@link leave}. */
  leaveByServer(connection: Connection, room: string): MaybePromise<void> {
    this.removeMember(connection, room);
    return this.#parts.clientRooms.take(connection, room);
  }

  /** Ends a membership. Does nothing for a connection that is not in the room. */
  end(connection: Connection, room: string): void {
    // Makes a welcome that is being prepared check the rights again, so that it does not enter the room.
    if (connection.stage !== "open") connection.rightsVersion++;
    connection.pendingRooms?.settle(room);
    connection.withheld?.delete(roomChannel(room));
    connection.unfinished?.positions?.delete(roomChannel(room));
    pushGapsOfUnread(this.#parts.channels, connection, roomChannel(room));
    if (connection.noteLeft(room)) this.leaveOnDisconnect(connection, room, 0);
  }

  /** Ends a membership, and sends the connection `left` with the reason. */
  removeMember(connection: Connection, room: string): void {
    const wasMember = connection.rooms?.has(room) === true || connection.pendingRooms?.has(room) === true;
    this.end(connection, room);
    if (!wasMember) return;
    const left = JSON.stringify({ type: "left", room, reason: "forbidden" });
    connection.push(new OutboundFrame(encodeFrame(left, { ch: roomChannel(room) })));
  }

  /** Takes all given rooms back. Never rejects. */
  forgetGiven(connection: Connection): Promise<void> {
    return this.#parts.clientRooms.takeAll(connection);
  }

  /** Call when the public fields of a member have changed: shows the new ones to the others in the room. */
  updateProfile(connection: Connection, room: string): void {
    if (this.#parts.builtIns.presence !== false) this.#parts.presence.update(connection, room);
  }

  /** Ends the subscription and the presence of a member; the caller updates `connection.rooms`. */
  leaveOnDisconnect(connection: Connection, room: string, graceMs: number): void {
    const { builtIns, channels, presence } = this.#parts;
    channels.remove(roomChannel(room), connection);
    presence.unsubscribe(connection, room);
    if (builtIns.presence !== false) presence.leave(connection, { room, graceMs });
  }

  /** Rooms that the server gave count before they are entered, so that two at once do not exceed the limit. */
  #assertRoomLeft({ givenRooms, pendingRooms, rooms }: Connection, room: string): void {
    const { rooms: most } = this.#parts.limits;
    const isTaken = (name: string): boolean => rooms?.has(name) === true || pendingRooms?.has(name) === true;
    if (isTaken(room)) return;
    const given = [...(givenRooms ?? [])].filter((name) => name !== room && !isTaken(name));
    if ((rooms?.size ?? 0) + (pendingRooms?.size ?? 0) + given.length >= most)
      throw new LimitError("limit_exceeded", "rooms", { message: `At most ${String(most)} rooms.` });
  }

  /** Plans the replay of a room. A member that is withheld, pending or not read yet continues at its position. A plan may be made again. */
  async #plan({ pendingRooms, unfinished, withheld }: Connection, room: string): Promise<ReplayPlan> {
    const channel = roomChannel(room);
    const pending = pendingRooms?.positionOf(room);
    const position = pending ?? withheld?.get(channel) ?? unfinished?.positions?.get(channel);
    const budget = pendingRooms?.budgetOf(room) ?? replayBudget();
    return planReplay(this.#parts.channels, { channel, position, budget: { ...budget } });
  }

  /** Subscribes. `onResult` sends the result in the same turn, so that it comes before any message of the room. */
  #subscribe(
    connection: Connection,
    { room, plan, onResult }: { room: string; plan: ReplayPlan; onResult: OnResult },
  ): void {
    const { channels } = this.#parts;
    const ch = roomChannel(room);
    // The connection may have closed while planning, and a closed connection must not be in a channel.
    if (connection.stage === "closed" || !channels.isCurrent(plan.channel))
      throw new HalyardError("unavailable");
    if (connection.rooms?.has(room) === true && plan.channel.has(connection)) {
      onResult({ ch, epoch: plan.channel.epoch, off: plan.channel.offset });
      return;
    }
    this.#assertRoomLeft(connection, room);
    const budget = connection.pendingRooms?.budgetOf(room) ?? replayBudget();
    connection.pendingRooms?.settle(room);
    connection.noteJoined(room);
    connection.withheld?.delete(ch);
    connection.unfinished?.positions?.delete(ch);
    const replay = commitReplay(channels, connection, { plan, budget });
    const { state } = replay;
    // The gap comes first; the result then contains the same position.
    if (isGap(state.recovered) && connection.isV1) connection.push(gapFrame(ch, state));
    onResult({ ch, epoch: state.epoch, off: state.off });
    pushReplays(connection, [replay]);
  }
}

/** Sends a v1 client `joined` with its position, and up to where it missed messages. */
function tellJoined(connection: Connection, room: string, { channel, from }: ReplayPlan) {
  return ({ epoch, off }: JoinResult): void => {
    const head = from && channel.offset;
    if (connection.isV1)
      connection.push(new OutboundFrame(JSON.stringify({ type: "joined", room, epoch, off, head })));
  };
}

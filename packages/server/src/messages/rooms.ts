// Joins and leaves rooms. Called by ControlFrames for clients, by the manager for the application, and by the handshake.
// Guarantees: a member's connection is subscribed to the room's channel and present in its roster, and to no other.
import type { JoinResult } from "@halyard/protocol";
import { encodeFrame, HalyardError } from "@halyard/protocol/wire";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { roomChannel } from "../channels/channel-name.ts";
import type { PresenceHub } from "../channels/presence-hub.ts";
import { commitReplay, gapFrame, isGap, planReplay, pushReplay, replayBudget } from "../channels/replay.ts";
import type { ReplayPlan } from "../channels/replay.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { ServerLimits } from "../limits.ts";
import type { BuiltIns } from "../types.ts";
import { LimitError } from "../utils/errors.ts";
import type { Authorization } from "./authorization.ts";

interface RoomsParts {
  readonly authorization: Authorization;
  readonly builtIns: BuiltIns;
  readonly channels: ChannelHub;
  readonly limits: Pick<ServerLimits, "rooms">;
  readonly presence: PresenceHub;
}

/** The rooms of this node's connections. */
export class Rooms {
  readonly #parts: RoomsParts;

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  /**
   * Joins a room at the request of the client. Does nothing for a member.
   *
   * @throws HalyardError `forbidden`, `limit_exceeded`
   */
  async joinByClient(
    connection: Connection,
    room: string,
    onResult: (result: JoinResult) => void,
  ): Promise<void> {
    // The join may have waited behind others of the same room, and the connection may have closed since.
    if (connection.stage === "closed") throw new HalyardError("unavailable");
    const { authorization, limits } = this.#parts;
    if (connection.rooms?.has(room) !== true && (connection.rooms?.size ?? 0) >= limits.rooms) {
      throw new LimitError("limit_exceeded", "rooms", { message: `At most ${String(limits.rooms)} rooms.` });
    }
    let version: number;
    let plan: ReplayPlan;
    do {
      version = connection.rightsVersion;
      await authorization.assertAllowed(connection, "join", room);
      plan = await this.#plan(connection, room);
    } while (version !== connection.rightsVersion);
    this.#subscribe(connection, { room, plan, onResult });
    await this.sendJoined(connection, room);
  }

  /** Joins a room for the application, without `authorize`. A v1 client gets the position of the room's channel. */
  async joinByServer(connection: Connection, room: string): Promise<void> {
    if (connection.rooms?.has(room) === true || connection.stage === "closed") return;
    if (connection.stage !== "open") {
      // The welcome subscribes to every room that was joined before it.
      (connection.roomsJoinedByServer ??= new Set()).add(room);
      return;
    }
    const onResult = ({ epoch, off }: JoinResult): void => {
      if (connection.isV1)
        connection.push(new OutboundFrame(JSON.stringify({ type: "joined", room, epoch, off })));
    };
    this.#subscribe(connection, { room, plan: await this.#plan(connection, room), onResult });
    await this.sendJoined(connection, room);
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

  /** Leaves a room. Does nothing for a connection that is not in it. */
  leave(connection: Connection, room: string): void {
    // A welcome that is being prepared must not enter the room.
    if (connection.roomsJoinedByServer?.delete(room) === true) connection.rightsVersion++;
    connection.withheld?.delete(roomChannel(room));
    if (connection.rooms?.delete(room) === true) this.leaveOnDisconnect(connection, room, 0);
  }

  /** Removes the connection from a room, and sends it `left` with the reason. */
  removeMember(connection: Connection, room: string): void {
    const wasMember = connection.rooms?.has(room) === true;
    this.leave(connection, room);
    if (!wasMember) return;
    const left = JSON.stringify({ type: "left", room, reason: "forbidden" });
    connection.push(new OutboundFrame(encodeFrame(left, { ch: roomChannel(room) })));
  }

  /** The public fields of a member have changed: the others in the room see the new ones. */
  updateProfile(connection: Connection, room: string): void {
    if (this.#parts.builtIns.presence !== false) this.#parts.presence.update(connection, room);
  }

  /** Ends the subscription and the presence of a member; `connection.rooms` is the caller's. */
  leaveOnDisconnect(connection: Connection, room: string, graceMs: number): void {
    const { builtIns, channels, presence } = this.#parts;
    channels.remove(roomChannel(room), connection);
    presence.unsubscribe(connection, room);
    if (builtIns.presence !== false) presence.leave(connection, { room, graceMs });
  }

  /** From where the connection is going to read: a member whose rights are being asked goes on at its position. */
  async #plan(connection: Connection, room: string): Promise<ReplayPlan> {
    const channel = roomChannel(room);
    return planReplay(this.#parts.channels, { channel, position: connection.withheld?.get(channel) });
  }

  /** `onResult` sends the result in the turn in which the subscription begins: before any message of the room. */
  #subscribe(
    connection: Connection,
    { room, plan, onResult }: { room: string; plan: ReplayPlan; onResult: (result: JoinResult) => void },
  ): void {
    const { channels, limits } = this.#parts;
    const ch = roomChannel(room);
    // The connection may have closed during the plan: a closed connection must not be in a channel.
    if (connection.stage === "closed" || !channels.isCurrent(plan.channel))
      throw new HalyardError("unavailable");
    const isMember = connection.rooms?.has(room) === true;
    if (isMember && plan.channel.has(connection)) {
      onResult({ ch, epoch: plan.channel.epoch, off: plan.channel.offset });
      return;
    }
    if (!isMember && (connection.rooms?.size ?? 0) >= limits.rooms)
      throw new LimitError("limit_exceeded", "rooms");
    (connection.rooms ??= new Set()).add(room);
    connection.withheld?.delete(ch);
    const { state, entries } = commitReplay(channels, connection, { plan, budget: replayBudget() });
    onResult({ ch, epoch: state.epoch, off: state.off });
    if (isGap(state.recovered) && connection.isV1) connection.push(gapFrame(ch, state));
    pushReplay(connection, ch, entries);
  }
}

// Checked again after each await: the connection may have closed or left.
function isMember(connection: Connection, room: string): boolean {
  return connection.stage !== "closed" && connection.rooms?.has(room) === true;
}

// Joins and leaves rooms. Called by ControlFrames for clients, by the manager for the application, and by the handshake.
// Guarantees: a member's connection is subscribed to the room's channel and present in its roster, and to no other.
import type { JoinResult } from "@halyard/protocol";
import { encodeFrame, HalyardError, ROOM_NAME } from "@halyard/protocol/wire";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { roomChannel } from "../channels/channel-name.ts";
import type { PresenceHub } from "../channels/presence-hub.ts";
import { commitReplay, planReplay, replayBudget } from "../channels/replay.ts";
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
    await authorization.assertAllowed(connection, "join", room);
    await this.#subscribe(connection, room, onResult);
    await this.sendJoined(connection, room);
  }

  /** Joins a room for the application, without `authorize`. A v1 client gets the position of the room's channel. */
  async joinByServer(connection: Connection, room: string): Promise<void> {
    if (!ROOM_NAME.test(room)) throw new TypeError(`not a room name: ${JSON.stringify(room.slice(0, 140))}`);
    if (connection.rooms?.has(room) === true || connection.stage === "closed") return;
    if (connection.stage !== "open") {
      // The welcome subscribes to every room that was joined before it.
      (connection.roomsJoinedByServer ??= new Set()).add(room);
      return;
    }
    await this.#subscribe(connection, room, ({ epoch, off }) => {
      if (connection.isV1)
        connection.push(new OutboundFrame(JSON.stringify({ type: "joined", room, epoch, off })));
    });
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
    connection.roomsJoinedByServer?.delete(room);
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

  /** Asks `authorize` again for each room, and leaves the rooms that it denies. */
  async reauthorize(connection: Connection): Promise<void> {
    const { authorization } = this.#parts;
    // Without `authorize` the application itself joined every room.
    if (!authorization.isConfigured) return;
    for (const room of [...(connection.rooms ?? [])]) {
      if (!(await authorization.allows(connection, "join", room))) this.removeMember(connection, room);
    }
  }

  /** Ends the subscription and the presence of a member; `connection.rooms` is the caller's. */
  leaveOnDisconnect(connection: Connection, room: string, graceMs: number): void {
    const { builtIns, channels, presence } = this.#parts;
    channels.remove(roomChannel(room), connection);
    presence.unsubscribe(connection, room);
    if (builtIns.presence !== false) presence.leave(connection, { room, graceMs });
  }

  /** @param onResult sends the result in the same turn as the subscription begins: before any message of the room */
  async #subscribe(
    connection: Connection,
    room: string,
    onResult: (result: JoinResult) => void,
  ): Promise<void> {
    const { channels, limits } = this.#parts;
    const channel = roomChannel(room);
    const plan = await planReplay(channels, { channel, position: undefined });
    // The connection may have closed during the await: a closed connection must not be in a channel.
    if (connection.stage === "closed") throw new HalyardError("unavailable");
    if (connection.rooms?.has(room) === true && plan.channel.has(connection)) {
      onResult({ ch: channel, epoch: plan.channel.epoch, off: plan.channel.offset });
      return;
    }
    if ((connection.rooms?.size ?? 0) >= limits.rooms) throw new LimitError("limit_exceeded", "rooms");
    (connection.rooms ??= new Set()).add(room);
    const { state } = commitReplay(channels, connection, { plan, budget: replayBudget() });
    onResult({ ch: channel, epoch: state.epoch, off: state.off });
  }
}

// Checked again after each await: the connection may have closed or left.
function isMember(connection: Connection, room: string): boolean {
  return connection.stage !== "closed" && connection.rooms?.has(room) === true;
}

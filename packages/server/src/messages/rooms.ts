import type { JoinResult } from "@halyard/protocol";
import { encodeFrame, HalyardError, ROOM_NAME } from "@halyard/protocol/wire";
import type { Authorization } from "./authorization.ts";
import { roomChannel } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../server-context.ts";
import { LimitError } from "../utils/errors.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { commitReplay, planReplay, replayBudget } from "../channels/replay.ts";

/** Who is in which room. */
export class Rooms {
  readonly #core: ServerContext;
  readonly #authorization: Authorization;

  constructor(core: ServerContext, authorization: Authorization) {
    this.#core = core;
    this.#authorization = authorization;
  }

  /** A client's own wish. Joining twice is joining once. @throws HalyardError `forbidden`, `limit_exceeded` */
  async joinByClient(
    connection: Connection,
    room: string,
    onResult: (result: JoinResult) => void,
  ): Promise<void> {
    // It may have waited for others: nobody is asked about a connection that has gone.
    if (connection.stage === "closed") throw new HalyardError("unavailable");
    const { limits } = this.#core;
    if (connection.rooms?.has(room) !== true && (connection.rooms?.size ?? 0) >= limits.rooms) {
      throw new LimitError("limit_exceeded", "rooms", { message: `At most ${String(limits.rooms)} rooms.` });
    }
    await this.#authorization.assertAllowed(connection, "join", room);
    await this.#subscribe(connection, room, onResult);
    await this.sendJoined(connection, room);
  }

  /** The server's own decision, past `authorize`. A v1 client is told where the room's channel stands. */
  async joinByServer(connection: Connection, room: string): Promise<void> {
    if (!ROOM_NAME.test(room)) throw new TypeError(`not a room name: ${JSON.stringify(room.slice(0, 140))}`);
    if (connection.rooms?.has(room) === true || connection.stage === "closed") return;
    if (connection.stage !== "open") {
      // The welcome subscribes to everything that was joined before it.
      (connection.roomsJoinedByServer ??= new Set()).add(room);
      return;
    }
    await this.#subscribe(connection, room, ({ epoch, off }) => {
      if (connection.isV1)
        connection.push(new OutboundFrame(JSON.stringify({ type: "joined", room, epoch, off })));
    });
    await this.sendJoined(connection, room);
  }

  /** Enters the room's presence and shows the connection who is there. */
  async sendJoined(connection: Connection, room: string): Promise<void> {
    if (this.#core.config.builtIns?.presence === false || connection.rooms?.has(room) !== true) return;
    await this.#core.presence.join(connection, room);
    if (!isMember(connection, room)) {
      this.#core.presence.leave(connection, { room, graceMs: 0 });
      return;
    }
    const canReadRoster =
      this.#core.config.authorize === undefined ||
      (await this.#authorization.allows(connection, "presence", room));
    if (canReadRoster && isMember(connection, room)) this.#core.presence.subscribe(connection, room);
  }

  /** Leaving a room that one is not in is nothing. */
  leave(connection: Connection, room: string): void {
    connection.roomsJoinedByServer?.delete(room);
    if (connection.rooms?.delete(room) === true) this.leaveOnDisconnect(connection, room, 0);
  }

  /** Takes the connection out of a room against its will, and says why. */
  removeMember(connection: Connection, room: string): void {
    const wasInside = connection.rooms?.has(room) === true;
    this.leave(connection, room);
    if (!wasInside) return;
    const left = JSON.stringify({ type: "left", room, reason: "forbidden" });
    connection.push(new OutboundFrame(encodeFrame(left, { ch: roomChannel(room) })));
  }

  /** Asks for each room again, and leaves those that are lost. Without `authorize` only the server gave rooms. */
  async reauthorize(connection: Connection): Promise<void> {
    if (this.#core.config.authorize === undefined) return;
    for (const room of [...(connection.rooms ?? [])]) {
      if (!(await this.#authorization.allows(connection, "join", room))) this.removeMember(connection, room);
    }
  }

  /** Undoes everything that a membership is, except the membership. */
  leaveOnDisconnect(connection: Connection, room: string, graceMs: number): void {
    this.#core.channels.remove(roomChannel(room), connection);
    this.#core.presence.unsubscribe(connection, room);
    if (this.#core.config.builtIns?.presence !== false)
      this.#core.presence.leave(connection, { room, graceMs });
  }

  /** @param onResult says so to the client, in the turn of the subscription: no message of the room comes before it */
  async #subscribe(
    connection: Connection,
    room: string,
    onResult: (result: JoinResult) => void,
  ): Promise<void> {
    const { channels, backplane } = this.#core;
    const channel = roomChannel(room);
    const plan = await planReplay(channels, backplane, { channel, position: undefined });
    // It may have closed meanwhile: whoever is not in the table must not be in a channel.
    if (connection.stage === "closed") throw new HalyardError("unavailable");
    if (connection.rooms?.has(room) === true && plan.channel.has(connection)) {
      onResult({ ch: channel, epoch: plan.channel.epoch, off: plan.channel.offset });
      return;
    }
    if ((connection.rooms?.size ?? 0) >= this.#core.limits.rooms)
      throw new LimitError("limit_exceeded", "rooms");
    (connection.rooms ??= new Set()).add(room);
    const { state } = commitReplay(channels, connection, { plan, budget: replayBudget() });
    onResult({ ch: channel, epoch: state.epoch, off: state.off });
  }
}

// Asked again after each await: a connection closes and leaves whenever it likes.
function isMember(connection: Connection, room: string): boolean {
  return connection.stage !== "closed" && connection.rooms?.has(room) === true;
}

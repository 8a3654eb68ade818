// What a connection belongs to: channels, rooms and presence, entered with the welcome and left with the close.
// Called by WelcomeSender, HelloHandler and ConnectionCloser.
// Guarantees: after `leaveAll` nothing refers to the connection, and its user leaves presence after the grace.
import { GLOBAL_CHANNEL, roomChannel, userChannel } from "../channels/channel-name.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import type { PresenceHub } from "../channels/presence-hub.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { Authorization } from "../messages/authorization.ts";
import type { Rooms } from "../messages/rooms.ts";
import type { BuiltIns } from "../types.ts";
import { isClosed } from "../connection/is-closed.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";

/** What {@link Memberships} uses. */
export interface MembershipsParts {
  readonly channels: ChannelHub;
  readonly presence: PresenceHub;
  readonly rooms: Rooms;
  readonly authorization: Authorization;
  readonly builtIns: BuiltIns | undefined;
  readonly limits: Pick<ServerLimits, "leaveGraceMs">;
}

/** Enters and leaves everything that a connection belongs to. */
export class Memberships {
  readonly #parts: MembershipsParts;

  constructor(parts: MembershipsParts) {
    this.#parts = parts;
  }

  /** After the welcome: shows the connection who is online, and enters its rooms. */
  enter(connection: Connection): MaybePromise<void> {
    const { authorization, builtIns, presence } = this.#parts;
    const canReadRoster =
      (builtIns?.presence ?? "all") === "all" && authorization.allows(connection, "presence", GLOBAL_CHANNEL);
    return andThen(canReadRoster, (canRead) => {
      if (canRead && !isClosed(connection)) presence.subscribe(connection);
      const hasRooms = connection.rooms !== undefined || connection.roomsJoinedByServer !== undefined;
      return hasRooms ? this.#enterRooms(connection) : undefined;
    });
  }

  async #enterRooms(connection: Connection): Promise<void> {
    const { rooms } = this.#parts;
    for (const room of connection.rooms ?? []) await rooms.sendJoined(connection, room);
    // Rooms that the server joined while the welcome was prepared.
    for (const room of connection.roomsJoinedByServer ?? []) await rooms.joinByServer(connection, room);
  }

  /** The identity has changed: others see the new profile, and rights to rooms are checked again. */
  async reauthorize(connection: Connection): Promise<void> {
    const { presence, rooms } = this.#parts;
    await Promise.all([presence.join(connection), rooms.reauthorize(connection)]);
  }

  /** Ends every subscription; the connection stays in its rooms. */
  unsubscribe(connection: Connection): void {
    const { channels, presence } = this.#parts;
    channels.remove(GLOBAL_CHANNEL, connection);
    channels.remove(userChannel(connection.userId), connection);
    presence.unsubscribe(connection);
    for (const room of connection.rooms ?? []) {
      channels.remove(roomChannel(room), connection);
      presence.unsubscribe(connection, room);
    }
  }

  /** @param isDeliberate whether the user is offline at once, without the grace for a return */
  leaveAll(connection: Connection, isDeliberate: boolean): void {
    const { channels, limits, presence, rooms } = this.#parts;
    const graceMs = isDeliberate ? 0 : limits.leaveGraceMs;
    channels.remove(GLOBAL_CHANNEL, connection);
    channels.remove(userChannel(connection.userId), connection);
    presence.unsubscribe(connection);
    for (const room of connection.rooms ?? []) rooms.leaveOnDisconnect(connection, room, graceMs);
    presence.leave(connection, { graceMs });
  }
}

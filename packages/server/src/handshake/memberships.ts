// The memberships of a connection (channels, rooms and presence): begun with the welcome, ended with the close.
// Called by WelcomeSender, HelloHandler and ConnectionCloser.
// Guarantees: after `leaveAll` nothing refers to the connection, and its user leaves presence after the grace period.
import { GLOBAL_CHANNEL, roomChannel, userChannel } from "../channels/channel-name.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import type { PresenceHub } from "../presence/presence-hub.ts";
import type { Connection } from "../connection/connection.ts";
import type { Authorization } from "../messages/authorization.ts";
import type { Rooms } from "../messages/rooms.ts";
import type { RightsReview } from "./rights-review.ts";
import type { BuiltIns } from "../types.ts";
import { isClosed } from "../connection/is-closed.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";

/** The dependencies of {@link Memberships}. */
export interface MembershipsParts {
  readonly channels: ChannelHub;
  readonly presence: PresenceHub;
  readonly rooms: Rooms;
  readonly authorization: Authorization;
  readonly rightsReview: RightsReview;
  readonly settings: { readonly builtIns: BuiltIns | undefined; readonly leaveGraceMs: number };
}

/** Begins and ends the memberships of connections. */
export class Memberships {
  readonly #parts: MembershipsParts;

  constructor(parts: MembershipsParts) {
    this.#parts = parts;
  }

  /** Called after the welcome: sends the list of users who are online, and enters the rooms. */
  enter(connection: Connection): MaybePromise<void> {
    const { authorization, presence, settings } = this.#parts;
    const canReadRoster =
      (settings.builtIns?.presence ?? "all") === "all" &&
      authorization.allows(connection, "presence", GLOBAL_CHANNEL);
    const listed = andThen(canReadRoster, (canRead) => {
      if (canRead && !isClosed(connection)) presence.subscribe(connection);
    });
    return connection.rooms === undefined ? listed : this.#enterRooms(connection, listed);
  }

  /** Enters all rooms at once: a slow answer of `authorize` about one must not let the user's grace period end in the others. */
  async #enterRooms(connection: Connection, listed: MaybePromise<void>): Promise<void> {
    const { rooms } = this.#parts;
    const joined = Array.from(connection.rooms ?? [], (room) => rooms.sendJoined(connection, room));
    await Promise.all([listed, ...joined]);
  }

  /** Ends a membership that the welcome refused: a plain client may already be in the room, or the server gave it. */
  end(connection: Connection, room: string | undefined): void {
    if (room === undefined) return;
    connection.givenRooms?.delete(room);
    this.#parts.rooms.end(connection, room);
  }

  /** Takes back the rooms that the server gave, because the user was banned. */
  forgetGiven(connection: Connection): void {
    void this.#parts.rooms.forgetGiven(connection);
  }

  /** Called when the identity has changed: others see the new profile, and every right is checked again. */
  reauthorize(connection: Connection): void {
    const { authorization, presence, rightsReview, rooms } = this.#parts;
    presence.update(connection);
    if (authorization.isConfigured) rightsReview.begin(connection);
    // Without `authorize`, all rooms were given by the server, so only the profile changes.
    else for (const room of connection.rooms ?? []) rooms.updateProfile(connection, room);
  }

  /** Called when the application has changed the user's rights: a room is lost, or every right is checked again. */
  changeRights(connection: Connection, lostRoom: string | undefined): MaybePromise<void> {
    const { authorization, rightsReview, rooms } = this.#parts;
    if (lostRoom !== undefined) return rooms.leaveByServer(connection, lostRoom);
    if (authorization.isConfigured) rightsReview.begin(connection);
  }

  /** Ends every subscription; the connection stays in its rooms. */
  unsubscribe(connection: Connection): void {
    const { channels, presence } = this.#parts;
    channels.remove(GLOBAL_CHANNEL, connection);
    channels.remove(userChannel(connection.userId), connection);
    presence.unsubscribe(connection);
    connection.withheld = undefined;
    for (const room of connection.rooms ?? []) {
      channels.remove(roomChannel(room), connection);
      presence.unsubscribe(connection, room);
    }
  }

  /** @param isDeliberate whether the user goes offline at once, without the grace period */
  leaveAll(connection: Connection, isDeliberate: boolean): void {
    const { channels, presence, rightsReview, rooms, settings } = this.#parts;
    const graceMs = isDeliberate ? 0 : settings.leaveGraceMs;
    channels.remove(GLOBAL_CHANNEL, connection);
    channels.remove(userChannel(connection.userId), connection);
    presence.unsubscribe(connection);
    connection.pendingRooms?.settleAll();
    connection.unfinished?.abandon();
    rightsReview.forget(connection);
    for (const room of connection.rooms ?? []) rooms.leaveOnDisconnect(connection, room, graceMs);
    presence.leave(connection, { graceMs });
  }
}

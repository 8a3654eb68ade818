import type { PublicUser } from "@halyard/protocol";
import type { Frame, LIMITS } from "@halyard/protocol/wire";
import type { Emitter } from "../common/emitter.ts";
import { isEqual } from "../common/is-equal.ts";
import type { ClientEvents } from "./client-events.ts";

export const NO_USERS: readonly PublicUser[] = [];

// The server lists no more users. A literal, checked against the protocol's table by its type, like the other limits.
const MAX_USERS: (typeof LIMITS)["announcedUsers"] = 500;

/** The users of each channel, from the server's presence frames. */
export class PresenceLists {
  readonly #emitter: Emitter<ClientEvents>;
  readonly #users = new Map<string, readonly PublicUser[]>();

  constructor(emitter: Emitter<ClientEvents>) {
    this.#emitter = emitter;
  }

  /** The users of a channel: the same array until it changes. */
  usersOf(channel = "all"): readonly PublicUser[] {
    return this.#users.get(channel) ?? NO_USERS;
  }

  /** @param frame a `user_list`, `user_joined` or `user_left` */
  update(channel: string, frame: Frame): void {
    this.#set(channel, applyPresence(this.usersOf(channel), frame));
  }

  drop(channel: string): void {
    this.#set(channel, NO_USERS);
    this.#users.delete(channel);
  }

  #set(channel: string, users: readonly PublicUser[]): void {
    if (users === this.usersOf(channel)) return;
    this.#users.set(channel, users);
    this.#emitter.emit("users", channel, users);
  }
}

/**
 * The users of a channel after a presence frame. A list replaces all users; a user who joins again replaces the earlier
 * entry; a frame with a total only changes nothing.
 *
 * @returns the same array if nothing has changed; an unchanged user is the same object
 */
export function applyPresence(users: readonly PublicUser[], frame: Frame): readonly PublicUser[] {
  const known = new Map(users.map((user) => [user.userId, user]));
  const byId = new Map(frame.type === "user_list" ? [] : known);
  const { users: joined = [], userIds = [] } = frame as { users?: PublicUser[]; userIds?: string[] };
  for (const user of joined) {
    const before = known.get(user.userId);
    byId.set(user.userId, before && isEqual(before, user) ? before : user);
  }
  for (const userId of userIds) byId.delete(userId);
  const next = [...byId.values()].slice(0, MAX_USERS);
  return isEqual(next, users) ? users : next;
}

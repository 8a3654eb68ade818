import type { PublicUser } from "@halyard/protocol";
import type { Frame, LIMITS } from "@halyard/protocol/wire";

// The server announces nobody above it. Written out, typed by the protocol's table, like the other limits.
const MOST: (typeof LIMITS)["announcedUsers"] = 500;

/**
 * The users of a channel after a `user_list`, `user_joined` or `user_left`. A list replaces everything; who joins and
 * is known already has changed; totals without users change nothing here.
 *
 * @returns the same array while nothing has changed
 */
export function foldUsers(users: readonly PublicUser[], frame: Frame): readonly PublicUser[] {
  const byId = new Map(frame.type === "user_list" ? [] : users.map((user) => [user.userId, user]));
  const { users: joined = [], userIds = [] } = frame as { users?: PublicUser[]; userIds?: string[] };
  for (const user of joined) byId.set(user.userId, user);
  for (const userId of userIds) byId.delete(userId);
  const folded = [...byId.values()].slice(0, MOST);
  return JSON.stringify(folded) === JSON.stringify(users) ? users : folded;
}

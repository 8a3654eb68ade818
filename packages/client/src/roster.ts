import type { PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";

/**
 * The users of a channel after a `user_list`, `user_joined` or `user_left`. A list replaces everything; who joins and
 * is known already has changed; totals without users change nothing here. The same array while nothing has changed.
 */
export function foldUsers(users: readonly PublicUser[], frame: Frame): readonly PublicUser[] {
  const { type } = frame;
  const byId = new Map(type === "user_list" ? [] : users.map((user) => [user.userId, user]));
  let isChanged = type === "user_list";
  if (type === "user_left") {
    for (const userId of frame["userIds"] as string[]) isChanged = byId.delete(userId) || isChanged;
  } else {
    for (const user of frame["users"] as PublicUser[]) {
      if (typeof user.userId !== "string") continue;
      byId.set(user.userId, user);
      isChanged = true;
    }
  }
  return isChanged ? [...byId.values()] : users;
}

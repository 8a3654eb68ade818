// Reads pages of the users who are online or in a room. Called by the presence hub, and by publishers, which have no hub.
import type { RoomUser } from "@halyard/protocol";
import { LIMITS } from "@halyard/protocol/wire";
import type { Backplane, RosterPage } from "../backplane.ts";
import type { UserList, UserPage } from "../types.ts";
import { publicUserJson } from "./presence-frames.ts";

export function userPage(
  backplane: Pick<Backplane, "roster">,
  { room, cursor }: UserPage,
): Promise<RosterPage> {
  return backplane.roster(room, { cursor, limit: LIMITS.listedUsers });
}

export async function listUsers(backplane: Pick<Backplane, "roster">, page: UserPage): Promise<UserList> {
  const { cursor, entries, total } = await userPage(backplane, page);
  const users = entries.map((entry) => JSON.parse(publicUserJson(entry, true)) as RoomUser);
  return { users, total, cursor };
}

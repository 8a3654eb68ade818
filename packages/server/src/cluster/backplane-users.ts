// What uses a backplane in this process: a manager, which is a node of it, and publishers.
// Called where they begin and end. Guarantees: a backplane stops with its manager, or else with its last publisher; what a
// publisher does to connections is done on the node of its own process, which no backplane tells.
import type { Backplane } from "../backplane.ts";
import type { Revocations } from "../connection/revocations.ts";
import { processWide } from "../application/process-wide.ts";
import type { RoomCloses } from "./room-closes.ts";
import type { UserRights } from "./user-rights.ts";

/** What acts on the connections of users, here and on other nodes. */
export interface UserActions {
  readonly revocations: Revocations;
  readonly roomCloses: RoomCloses;
  readonly userRights: UserRights;
}

interface Users {
  node: UserActions | undefined;
  publishers: number;
}

const users = processWide<Users>("halyard.backplane-users.1");

function usersOf(backplane: Backplane): Users {
  const known = users.get(backplane);
  if (known !== undefined) return known;
  const first: Users = { node: undefined, publishers: 0 };
  users.set(backplane, first);
  return first;
}

/** A manager has started its backplane. */
export function setNode(backplane: Backplane, node: UserActions): void {
  usersOf(backplane).node = node;
}

/** The node of this process on a backplane. */
export function nodeOn(backplane: Backplane): UserActions | undefined {
  return usersOf(backplane).node;
}

/** The manager of a backplane ends, and the backplane with it. */
export function removeNode(backplane: Backplane): Promise<void> {
  usersOf(backplane).node = undefined;
  return backplane.stop();
}

export function addPublisher(backplane: Backplane): void {
  usersOf(backplane).publishers++;
}

export async function removePublisher(backplane: Backplane): Promise<void> {
  const rest = usersOf(backplane);
  rest.publishers--;
  if (rest.node === undefined && rest.publishers === 0) await backplane.stop();
}

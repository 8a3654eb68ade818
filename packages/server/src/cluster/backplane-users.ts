// Tracks who uses a backplane in this process: a manager, which makes the process a node, and publishers.
// Called when a manager or publisher begins and ends. Guarantees: a backplane stops with its manager, or else with its
// last publisher; what a publisher does to connections also happens on the node in its own process, which the backplane
// does not notify.
import type { Backplane } from "../backplane.ts";
import type { Revocations } from "../connection/revocations.ts";
import { processWide } from "../application/process-wide.ts";
import type { RoomCloses } from "./room-closes.ts";
import type { UserRights } from "./user-rights.ts";

/** Acts on the connections of users, here and on other nodes. */
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

/** Call when a manager has started its backplane. */
export function setNode(backplane: Backplane, node: UserActions): void {
  usersOf(backplane).node = node;
}

/** The node that this process has on a backplane, if any. */
export function nodeOn(backplane: Backplane): UserActions | undefined {
  return usersOf(backplane).node;
}

/** Call when the manager of a backplane ends: stops the backplane. */
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

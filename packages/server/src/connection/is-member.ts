import type { Connection } from "./connection.ts";

/** Whether an open connection is in a room. Checked again after each await: it may have closed or left meanwhile. */
export function isMember(connection: Connection, room: string): boolean {
  return connection.stage !== "closed" && connection.rooms?.has(room) === true;
}

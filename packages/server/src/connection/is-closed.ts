import type { Connection } from "./connection.ts";

/** A function, because TypeScript would assume after an await that the stage is what it was before. */
export function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

/** Whether a connection is in a room. Checked again after each await: it may have closed or left. */
export function isMember(connection: Connection, room: string): boolean {
  return connection.stage !== "closed" && connection.rooms?.has(room) === true;
}

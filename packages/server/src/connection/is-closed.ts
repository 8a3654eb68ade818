import type { Connection } from "./connection.ts";

/** Whether a connection has closed. A function, because TypeScript assumes that a field is unchanged after an await. */
export function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

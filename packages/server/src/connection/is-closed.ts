import type { Connection } from "./connection.ts";

/** A function, because TypeScript would assume after an await that the stage is what it was before. */
export function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

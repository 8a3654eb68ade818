import type { Logger } from "@halyard/server";

/**
 * What the operator of the server should see, as one line of JSON each: which clients were refused and why, and what
 * went wrong.
 * Halyard puts no tokens and no raw text of a client into it.
 */
export function createLog(write: (line: string) => void): Logger {
  const writer = (level: string) => (fields: object, message: string) => {
    write(`${JSON.stringify({ level, message, ...fields })}\n`);
  };
  const silent = () => undefined;
  return { debug: silent, info: silent, warn: writer("warn"), error: writer("error") };
}

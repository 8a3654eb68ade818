import type { Logger } from "@halyard/server";

/**
 * Logs what the operator of the server should see, as one line of JSON each: which clients were refused and why, and what
 * went wrong.
 * Halyard logs no tokens, and no texts of a client except the names of refused rooms.
 */
export function createLog(write: (line: string) => void): Logger {
  const writer = (level: string) => (fields: object, message: string) => {
    write(`${JSON.stringify({ level, message, ...fields })}\n`);
  };
  const silent = () => undefined;
  return { debug: silent, info: writer("info"), warn: writer("warn"), error: writer("error") };
}

// Calls on one connection, also while it is being prepared: they are not counted, not repeated, and end with the connection.
// Used for what has to be done before the calls of the application.
import type { Calls } from "./calls.ts";
import type { RedisClient } from "../common/redis-client.ts";
import { runScript } from "./run-script.ts";

/** What can be called without a queue. */
export type DirectCalls = Pick<Calls, "command" | "run">;

export function callsOn(client: RedisClient): DirectCalls {
  return {
    command: (args) => client.sendCommand(args),
    run: (script, args) => runScript(client, script, args),
  };
}

// Makes calls on one connection, even while it is being prepared. They are not counted or repeated, and end with the connection.
// Used for work that must be done before the calls of the application.
import type { Calls } from "./calls.ts";
import type { RedisClient } from "../common/redis-client.ts";
import { runScript } from "./run-script.ts";

/** The calls that need no queue. */
export type DirectCalls = Pick<Calls, "command" | "run">;

export function callsOn(client: RedisClient): DirectCalls {
  return {
    command: (args) => client.sendCommand(args),
    run: (script, args) => runScript(client, script, args),
  };
}

import type { RedisClient } from "../common/redis-client.ts";
import type { Script } from "../scripts/scripts.ts";

export interface ScriptArguments {
  readonly keys?: readonly string[];
  readonly values: readonly string[];
}

/** Runs a script by its hash, or by its text if Redis does not know it. */
export async function runScript(
  client: RedisClient,
  script: Script,
  { keys = [], values }: ScriptArguments,
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...values];
  try {
    return await client.sendCommand(["EVALSHA", script.sha, ...rest]);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return client.sendCommand(["EVAL", script.text, ...rest]);
  }
}

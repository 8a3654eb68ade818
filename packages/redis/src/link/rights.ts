// Checks whether the Redis user may run every command that the node needs, because a refusal inside a script shows nowhere else.
// Used by setup.ts.
import type { Keys } from "../scripts/keys.ts";
import type { RedisClient } from "../common/redis-client.ts";
import type { Scripts } from "../scripts/scripts.ts";
import { isRefusal } from "./advice.ts";
import { runScript } from "./run-script.ts";

/** The commands that a node calls only outside scripts, in an order without effect. */
const DIRECT = [["MULTI"], ["EXEC"], ["EVAL", "return 0", "0"]] as const;

/** See scripts/probe.lua. */
type Refused = readonly [commands: string, other: string];

/**
 * Calls every command once, on a separate key.
 *
 * @throws Error in the words of Redis, naming all refused commands
 */
export async function checkRights(client: RedisClient, keys: Keys, scripts: Scripts): Promise<void> {
  // Sent in one turn, so that no other command of this connection comes in between.
  const direct = DIRECT.map((args) => client.sendCommand(args));
  const settled = await Promise.allSettled(direct);
  const answer = await runScript(client, scripts.probe, { keys: [keys.probe], values: [keys.probe] });
  const [commands = "", other = ""] = (answer ?? []) as Partial<Refused>;
  const names = commands === "" ? [] : commands.split(" ");
  for (const [index, result] of settled.entries())
    if (result.status === "rejected" && isRefusal(result.reason))
      names.unshift((DIRECT[index]?.[0] ?? "").toLowerCase());
  if (names.length > 0)
    throw new Error(
      `NOPERM this user has no permissions to run the ${names.map((name) => `'${name}'`).join(", ")} command${names.length === 1 ? "" : "s"}`,
    );
  if (other !== "") throw new Error(other.startsWith("NOPERM") ? other : `NOPERM ${other}`);
}

// Whether the user of this node may run what the node needs: what is refused in the midst of a script shows nowhere else.
// Used by setup.ts.
import type { Keys } from "../scripts/keys.ts";
import type { RedisClient } from "../common/redis-client.ts";
import type { Scripts } from "../scripts/scripts.ts";
import { isRefusal } from "./advice.ts";
import { runScript } from "./run-script.ts";

/** What a node calls outside of scripts only, in an order without effect. */
const DIRECT = [["MULTI"], ["EXEC"], ["EVAL", "return 0", "0"]] as const;

/** See scripts/probe.lua. */
type Refused = readonly [commands: string, other: string];

/**
 * Calls every command once, on a key of its own.
 *
 * @throws Error in the words of Redis, with all commands that are refused
 */
export async function checkRights(client: RedisClient, keys: Keys, scripts: Scripts): Promise<void> {
  // Sent in one turn, so that no other command of this connection comes between.
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

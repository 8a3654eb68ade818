// The checks on every new connection for commands, before its first call. Used by redis-backplane.ts.
import type { Keys } from "../scripts/keys.ts";
import type { CheckedOptions } from "../options.ts";
import type { RedisClient } from "../common/redis-client.ts";
import type { Script, Scripts } from "../scripts/scripts.ts";
import { checkRights } from "./rights.ts";
import { SetupError } from "../common/setup-error.ts";
import type { StoreClock } from "../common/store-clock.ts";

const OLDEST_VERSION = 7;
const NO_INFO =
  "INFO is not allowed: version and eviction policy are not checked, and a Redis that comes back with an older state is not noticed";
/** The version of the stored data's format. */
const SCHEMA = 1;

export interface SetupParts {
  readonly keys: Keys;
  readonly options: CheckedOptions;
  readonly scripts: Scripts;
  readonly time: StoreClock;
}

/** What a connection leads to. */
export interface CheckedStore {
  /** Changes when the store may have lost writes, as in scripts/common.lua. '' where INFO is not allowed. */
  readonly name: string;
  /** What is not as it should be, and works all the same. */
  readonly warning: string | undefined;
}

/**
 * Checks the server, the rights of the user and the settings of the other nodes, and loads the scripts.
 *
 * @throws SetupError for a failure that no further attempt changes, unless a setting is changed
 */
export async function setUp(
  client: RedisClient,
  { keys, options, scripts, time }: SetupParts,
): Promise<CheckedStore> {
  const info = await client.sendCommand(["INFO"]).catch((error: unknown) => {
    if (isDenied(error)) return undefined;
    throw error;
  });
  if (typeof info === "string") checkServer(info);
  const texts = Object.values<Script>(scripts).map(({ text }) => text);
  await Promise.all(texts.map((text) => client.sendCommand(["SCRIPT", "LOAD", text])));
  await checkRights(client, keys, scripts);
  await checkSettings(client, keys, options);
  await readTime(client, time);
  if (typeof info === "string")
    return { name: /^master_replid:(\S+)/m.exec(info)?.[1] ?? "", warning: undefined };
  return { name: "", warning: NO_INFO };
}

function checkServer(info: string): void {
  const [, version = ""] = /^redis_version:(\S+)/m.exec(info) ?? [];
  if (Number.parseInt(version, 10) < OLDEST_VERSION)
    throw new SetupError(
      `redisBackplane needs Redis ${String(OLDEST_VERSION)}.0 or newer; this one is ${version}`,
    );
  const [, policy = "noeviction"] = /^maxmemory_policy:(\S+)/m.exec(info) ?? [];
  if (policy.startsWith("allkeys"))
    throw new SetupError(
      `redisBackplane: this Redis evicts any key when its memory is full (maxmemory-policy ${policy}), also what clients rely on. Set maxmemory-policy to noeviction or volatile-ttl`,
    );
}

/** The settings that all nodes share, as they are stored. */
export function settingsOf({ leaseMs, partitions }: CheckedOptions): string {
  return `schema=${String(SCHEMA)} partitions=${String(partitions)} leaseMs=${String(leaseMs)}`;
}

async function checkSettings(client: RedisClient, keys: Keys, options: CheckedOptions): Promise<void> {
  const own = settingsOf(options);
  const stored = await client.sendCommand(["SET", keys.settings, own, "NX", "GET"]);
  if (typeof stored === "string" && stored !== own)
    throw new SetupError(
      `redisBackplane: the nodes under the prefix ${JSON.stringify(keys.root.slice(0, -1))} have ${stored}, and this one has ${own}. All need the same. To change leaseMs, stop all nodes and delete the key ${keys.settings}; to change the rest, delete all keys of the prefix`,
    );
}

async function readTime(client: RedisClient, time: StoreClock): Promise<void> {
  const askedAt = time.date();
  const [seconds, microseconds] = (await client.sendCommand(["TIME"])) as [string, string];
  time.heard(Number(seconds) * 1_000 + Number(microseconds) / 1_000, askedAt);
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && /^NOPERM|^ERR unknown command/.test(error.message);
}

import type { Backplane } from "@halyard/server";
import { checkedOptions } from "./options.ts";
import type { RedisBackplaneOptions } from "./options.ts";
import { RedisBackplane } from "./redis-backplane.ts";
import { clientFactory, databaseOf } from "./common/redis-client.ts";

/**
 * Creates the backplane of one node on Redis 7.0 or newer. It connects when the system starts it, or at the first call.
 * A setup that cannot work (the version, the eviction policy, settings that differ from the other nodes') rejects every call.
 *
 * @example
 * const { manager } = createWebSocketSystem({ backplane: redisBackplane({ url: "redis://localhost:6379" }) });
 *
 * @throws TypeError for invalid options
 */
export function redisBackplane(options: RedisBackplaneOptions): Backplane {
  const checked = checkedOptions(options);
  const createClient = clientFactory(options);
  return new RedisBackplane(checked, { createClient, database: databaseOf(createClient) });
}

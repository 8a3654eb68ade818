import type { Backplane } from "@halyard/server";
import { checkedOptions } from "./options.ts";
import type { RedisBackplaneOptions } from "./options.ts";
import { RedisBackplane } from "./redis-backplane.ts";
import { clientFactory } from "./common/redis-client.ts";

/**
 * Makes the backplane of one node on Redis 7.0 or newer. It connects when the system starts it, or at the first call.
 * What cannot work (the version, the eviction policy, other settings than those of the other nodes) rejects every call.
 *
 * @example
 * const { manager } = createWebSocketSystem({ backplane: redisBackplane({ url: "redis://localhost:6379" }) });
 *
 * @throws TypeError for options that are none
 */
export function redisBackplane(options: RedisBackplaneOptions): Backplane {
  return new RedisBackplane(checkedOptions(options), { createClient: clientFactory(options) });
}

// What the Redis backplane is made with beside its options. Used by redis-backplane.ts.
import type { Clock } from "@halyard/server";
import type { ClientFactory } from "./common/redis-client.ts";
import type { Scripts } from "./scripts/scripts.ts";

/** What tests replace. */
export interface RedisBackplaneParts {
  readonly clock?: Clock | undefined;
  readonly createClient: ClientFactory;
  readonly scripts?: Scripts | undefined;
}

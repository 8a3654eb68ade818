// The dependencies of the Redis backplane that are not options. Used by redis-backplane.ts.
import type { Clock } from "@halyard/server";
import type { ClientFactory } from "./common/redis-client.ts";
import type { Scripts } from "./scripts/scripts.ts";

/** The dependencies that tests replace. */
export interface RedisBackplaneParts {
  readonly clock?: Clock | undefined;
  readonly createClient: ClientFactory;
  readonly scripts?: Scripts | undefined;
}

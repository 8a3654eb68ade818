// The dependencies of the Redis backplane that are not options. Used by redis-backplane.ts.
import type { Clock } from "@halyard/server";
import type { ClientFactory } from "./common/redis-client.ts";
import type { Scripts } from "./scripts/scripts.ts";

/** The dependencies that tests replace. */
export interface RedisBackplaneParts {
  readonly clock?: Clock | undefined;
  readonly createClient: ClientFactory;
  /** The number of the database that the clients select. @default 0 */
  readonly database?: number | undefined;
  readonly scripts?: Scripts | undefined;
}

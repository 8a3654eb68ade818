/**
 * The Redis backplane of Halyard: `createWebSocketSystem({ backplane: redisBackplane({ url }) })`.
 *
 * @packageDocumentation
 */
export { redisBackplane } from "./create-redis-backplane.ts";
export type { RedisBackplaneOptions, RedisOptions } from "./options.ts";
export type { RedisClient } from "./common/redis-client.ts";

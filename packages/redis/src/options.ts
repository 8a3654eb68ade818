import type { RedisClient } from "./common/redis-client.ts";

/** The options of {@link redisBackplane}, apart from the address of Redis. */
export interface RedisOptions {
  /**
   * The prefix of every key, followed by `:`, and by `@1:` in database 1. Applications that share a database of a Redis need different
   * ones. Letters, digits, `_`, `.`, `-` and `:`. @default "halyard"
   */
  readonly prefix?: string | undefined;
  /**
   * What happens to new connections while Redis is away: they are admitted by the limits of this node and counted on all nodes once Redis
   * is back, or refused with 503.
   *
   * @default "allow"
   */
  readonly onUnavailable?: "allow" | "deny" | undefined;
  /** How long a call may take before it counts as failed, in ms. @default 1_500 */
  readonly timeoutMs?: number | undefined;
  /**
   * How many calls may run at a time. Above it a call fails with `unavailable`, except those that keep this node and its users known. As
   * many presence changes may wait while Redis does not answer; above it they are dropped, and the node declares its connections again
   * when Redis is back.
   *
   * @default 5_000
   */
  readonly maxPendingCalls?: number | undefined;
  /** How many bytes the running calls may have. Above it a call fails with `unavailable`. @default 33_554_432 */
  readonly maxPendingBytes?: number | undefined;
  /** How long a node may be silent before it counts as dead, in ms; at least 5,000. All nodes need the same value. @default 7_000 */
  readonly leaseMs?: number | undefined;
  /**
   * The number of partitions of the channels. All nodes need the same value; it cannot be changed without deleting all
   * keys of the prefix. @default 16
   */
  readonly partitions?: number | undefined;
}

/**
 * `url` is `redis://` or `rediss://user:password@host:6379/0`; `client` is your own node-redis client, for certificates
 * and similar options.
 */
export type RedisBackplaneOptions = RedisOptions &
  (
    | { readonly url: string; readonly client?: undefined }
    | { readonly client: RedisClient; readonly url?: undefined }
  );

export type CheckedOptions = {
  readonly [Name in keyof Required<RedisOptions>]: NonNullable<RedisOptions[Name]>;
};

const DEFAULTS: CheckedOptions = {
  prefix: "halyard",
  onUnavailable: "allow",
  timeoutMs: 1_500,
  maxPendingCalls: 5_000,
  maxPendingBytes: 32 * 1024 * 1024,
  leaseMs: 7_000,
  partitions: 16,
};

/** The smallest values. `leaseMs` must allow for a beat each second, some of which may be late. */
const LEAST = {
  timeoutMs: 50,
  maxPendingCalls: 1,
  maxPendingBytes: 1024 * 1024,
  leaseMs: 5_000,
  partitions: 1,
};

/**
 * The words that follow a prefix in key names. Without this check, the application `a` would share `a:rooms:…` with the
 * application `a:rooms`.
 */
const RESERVED = new Set(
  "batches beat by client clients entries grace held holders leases leases-of mark members node nodes offsets presence requests rooms settings slots state".split(
    " ",
  ),
);

/** @throws TypeError for an unknown option, or a value out of its range */
export function checkedOptions(options: RedisBackplaneOptions): CheckedOptions {
  const checked = { ...DEFAULTS };
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined || name === "url" || name === "client") continue;
    if (!(name in DEFAULTS)) throw new TypeError(`redisBackplane: there is no option ${name}`);
    Object.assign(checked, { [name]: value });
  }
  for (const [name, least] of Object.entries(LEAST)) {
    const value = checked[name as keyof typeof LEAST];
    if (!Number.isSafeInteger(value) || value < least)
      throw new TypeError(
        `redisBackplane: ${name} is an integer of at least ${String(least)}, and not ${String(value)}`,
      );
  }
  const { onUnavailable, prefix } = checked;
  if (typeof prefix !== "string" || !/^[\w.:-]+$/.test(prefix))
    throw new TypeError(
      `redisBackplane: prefix has letters, digits, "_", ".", "-" and ":" only, and is not ${JSON.stringify(prefix)}`,
    );
  const reserved = prefix.split(":").find((part, index) => index > 0 && RESERVED.has(part));
  if (reserved !== undefined)
    throw new TypeError(
      `redisBackplane: after a ":", prefix has no part ${JSON.stringify(reserved)}: keys of other prefixes have it`,
    );
  if (!["allow", "deny"].includes(onUnavailable))
    throw new TypeError(
      `redisBackplane: onUnavailable is "allow" or "deny", and not ${JSON.stringify(onUnavailable)}`,
    );
  return checked;
}

import type { RedisClient } from "./common/redis-client.ts";

/** The options of {@link redisBackplane}, beside where Redis is. */
export interface RedisOptions {
  /** Before every key, `:` between. Applications on one Redis need one each. Letters, digits, `_`, `.`, `-` and `:`. @default "halyard" */
  readonly prefix?: string | undefined;
  /**
   * New connections while Redis is away: taken with the limits of this node, and counted with those of the other nodes once it
   * is back; or refused with 503.
   *
   * @default "allow"
   */
  readonly onUnavailable?: "allow" | "deny" | undefined;
  /** In which a call is answered or counts as failed, ms. @default 1_500 */
  readonly timeoutMs?: number | undefined;
  /**
   * How many calls may be under way. Above it a call fails with `unavailable`. As many changes of presence wait while Redis does
   * not answer; above it they are given up, and the node declares what it has when Redis is back.
   *
   * @default 5_000
   */
  readonly maxPendingCalls?: number | undefined;
  /** The bytes of the calls that are under way. Above them a call fails with `unavailable`. @default 33_554_432 */
  readonly maxPendingBytes?: number | undefined;
  /** After this a node that is silent is dead, ms; at least 5,000. All nodes need the same. @default 7_000 */
  readonly leaseMs?: number | undefined;
  /** Streams of order. All nodes need the same; it cannot be changed without emptying the prefix. @default 16 */
  readonly partitions?: number | undefined;
}

/** `url` is `redis://` or `rediss://user:password@host:6379/0`; `client` is one of your own, for certificates and the like. */
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

/** The smallest values: a beat each second, and some may be late. */
const LEAST = {
  timeoutMs: 50,
  maxPendingCalls: 1,
  maxPendingBytes: 1024 * 1024,
  leaseMs: 5_000,
  partitions: 1,
};

/** What follows a prefix in names: the application `a` would share `a:rooms:…` with the application `a:rooms`. */
const RESERVED = new Set(
  "batches beat by client entries given grace held leases leases-of mark members node nodes presence requests rooms settings slots state".split(
    " ",
  ),
);

/** @throws TypeError for an option that is none, or is out of its range */
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

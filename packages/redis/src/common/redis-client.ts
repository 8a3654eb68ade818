// The part of node-redis that the backplane uses, and how its clients are made.
// Used by connection.ts; the rest of the package knows this interface only.
import { createClient } from "@redis/client";

/** A client of node-redis 6, as far as it is used: duplicated for every connection, never connected or changed itself. */
export interface RedisClient {
  readonly options?:
    | { readonly keyPrefix?: string | Uint8Array | undefined; readonly socket?: object | undefined }
    | undefined;
  duplicate(overrides?: object): RedisClient;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  subscribe(channels: string[], listener: (message: string, channel: string) => unknown): Promise<void>;
  unsubscribe(channels: string[], listener: (message: string, channel: string) => unknown): Promise<void>;
  destroy(): void;
  /** Whether the process stays alive for the connection. */
  ref?(): unknown;
  unref?(): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** How a connection to Redis is made. Each call makes a client that is not connected yet. */
export type ClientFactory = () => RedisClient;

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * @throws TypeError for a URL that is none of Redis, and for a client that changes the names of keys
 */
export function clientFactory({
  url,
  client,
}: {
  readonly url?: string | undefined;
  readonly client?: RedisClient | undefined;
}): ClientFactory {
  // A connection that is lost is replaced by a new one, with everything that follows from it.
  const socket = { reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT_MS } as const;
  // The driver would make an AbortSignal with a timer for every command. Each call has a deadline of its own.
  const own = { disableOfflineQueue: true, commandOptions: { timeout: 0 } } as const;
  if (client === undefined) {
    if (typeof url !== "string" || !/^rediss?:\/\//.test(url))
      throw new TypeError(`redisBackplane: url is redis:// or rediss://, and not ${describe(url)}`);
    return () => createClient({ url, socket, ...own });
  }
  if (!isClient(client))
    throw new TypeError(
      'redisBackplane: client is what createClient() of "@redis/client" 6 returns, and neither a cluster nor a sentinel of it, nor a client of another package',
    );
  const { keyPrefix: given = "" } = client.options ?? {};
  const keyPrefix = given instanceof Uint8Array ? Buffer.from(given).toString() : given;
  if (keyPrefix !== "")
    throw new TypeError(
      `redisBackplane: the client has a key prefix, which does not reach channels of pub/sub. Leave it out, and write redisBackplane({ client, prefix: ${JSON.stringify(keyPrefix.replace(/:$/, ""))} })`,
    );
  return () => client.duplicate({ socket: { ...client.options?.socket, ...socket }, ...own });
}

/** Clusters and sentinels of node-redis have no options, and clients of ioredis no `destroy`. */
function isClient(client: RedisClient | null): boolean {
  const { options, duplicate, destroy } = Object(client) as Partial<RedisClient>;
  return typeof options === "object" && typeof duplicate === "function" && typeof destroy === "function";
}

/** A URL may have a password in it. */
function describe(url: unknown): string {
  return typeof url === "string" ? `one of ${url.split(":")[0] ?? ""}:` : typeof url;
}

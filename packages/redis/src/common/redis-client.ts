// The part of node-redis that the backplane uses, and the creation of its clients.
// Used by connection.ts; the rest of the package knows only this interface.
import { createClient } from "@redis/client";

/**
 * The part of a node-redis 6 client that is used. A client of the application is duplicated for every connection, and
 * never connected or changed.
 */
export interface RedisClient {
  readonly options?:
    | {
        readonly keyPrefix?: string | Uint8Array | undefined;
        readonly socket?: object | undefined;
        readonly database?: number | undefined;
      }
    | undefined;
  duplicate(overrides?: object): RedisClient;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  subscribe(channels: string[], listener: (message: string, channel: string) => unknown): Promise<void>;
  unsubscribe(channels: string[], listener: (message: string, channel: string) => unknown): Promise<void>;
  destroy(): void;
  /** Makes the connection keep the process alive; below, the opposite. */
  ref?(): unknown;
  unref?(): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Creates a client for a connection to Redis, not connected yet. */
export type ClientFactory = () => RedisClient;

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * @throws TypeError for a URL that node-redis cannot read, and for a client that changes the names of keys
 */
export function clientFactory({
  url,
  client,
}: {
  readonly url?: string | undefined;
  readonly client?: RedisClient | undefined;
}): ClientFactory {
  // No automatic reconnect: Connection replaces a lost connection and prepares the new one.
  const socket = { reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT_MS } as const;
  // Otherwise the driver would create an AbortSignal with a timer for every command. Calls have their own deadlines, and their own bound.
  const own = {
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 },
    commandsQueueMaxLength: Infinity,
  } as const;
  if (client === undefined) {
    if (typeof url !== "string" || !/^rediss?:\/\//.test(url))
      throw new TypeError(`redisBackplane: url is redis:// or rediss://, and not ${describe(url)}`);
    const createFromUrl = (): RedisClient => createClient({ url, socket, ...own });
    checkUrl(createFromUrl);
    return createFromUrl;
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

/** The number of the database that clients of this factory select. */
export function databaseOf(createClient: ClientFactory): number {
  return createClient().options?.database ?? 0;
}

/** @throws TypeError without the URL and without its cause, which both contain the password */
function checkUrl(createFromUrl: ClientFactory): void {
  try {
    const database = databaseOf(createFromUrl);
    if (Number.isSafeInteger(database) && database >= 0) return;
  } catch {
    // The same advice serves all URLs that cannot be read.
  }
  throw new TypeError(
    "redisBackplane: url cannot be read: write redis://user:password@host:6379/0, with user and password as encodeURIComponent() gives them, and behind the host only the number of a database",
  );
}

/** Whether a value is a usable client. Clusters and sentinels of node-redis have no `options`, and ioredis clients no `destroy`. */
function isClient(client: RedisClient | null): boolean {
  const { options, duplicate, destroy } = Object(client) as Partial<RedisClient>;
  return typeof options === "object" && typeof duplicate === "function" && typeof destroy === "function";
}

/** Describes a URL without showing it, because it may contain a password. */
function describe(url: unknown): string {
  return typeof url === "string" ? `one of ${url.split(":")[0] ?? ""}:` : typeof url;
}

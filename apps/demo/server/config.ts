import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Config {
  readonly host: string;
  readonly port: number;
  /** The origin that users open, for which Better Auth creates cookies. */
  readonly publicOrigin: string;
  /** The origins of the page itself: 127.0.0.1 and localhost are two origins to a browser. */
  readonly ownOrigins: readonly string[];
  /** The origins of other servers that serve the page, such as the development server of Vite. */
  readonly allowedOrigins: readonly string[];
  readonly databasePath: string;
  readonly pagePath: string;
  readonly secret: string | undefined;
  readonly adminEmail: string | undefined;
  /** The URL of the Redis of several nodes; undefined for one node alone. */
  readonly redisUrl: string | undefined;
  /** The name of this node on the page; undefined for one node alone. */
  readonly nodeName: string | undefined;
  /** Whether only this machine can reach the server. */
  readonly isLocal: boolean;
  /** Whether another program starts this one again after a kill. */
  readonly isSupervised: boolean;
}

const LOCAL_HOSTS = ["127.0.0.1", "localhost", "::1"];

/** Reads the options from the environment. @throws Error with the name of an invalid one */
export function readConfig(env: Environment, root: string): Config {
  const host = given(env, "HOST") ?? "127.0.0.1";
  const port = readPort(given(env, "PORT") ?? "3000");
  const publicUrl = given(env, "BETTER_AUTH_URL");
  const publicOrigin = readOrigin("BETTER_AUTH_URL", publicUrl ?? `http://${urlHost(host)}:${port}`);
  const { hostname, port: publicPort } = new URL(publicOrigin);
  const isLocal = LOCAL_HOSTS.includes(host) && LOCAL_HOSTS.includes(hostname);
  const aliases = isLocal ? [`http://127.0.0.1:${publicPort}`, `http://localhost:${publicPort}`] : [];
  return {
    host,
    port,
    publicOrigin,
    ownOrigins: [...new Set([publicOrigin, ...aliases])],
    allowedOrigins: readList(given(env, "ALLOWED_ORIGINS")).map((origin) =>
      readOrigin("ALLOWED_ORIGINS", origin),
    ),
    databasePath: resolve(root, given(env, "DATABASE") ?? ".data/demo.db"),
    pagePath: join(root, "dist/page"),
    secret: given(env, "BETTER_AUTH_SECRET"),
    adminEmail: given(env, "ADMIN_EMAIL")?.toLowerCase(),
    redisUrl: given(env, "REDIS_URL"),
    nodeName: given(env, "NODE_NAME"),
    isLocal,
    isSupervised: given(env, "SUPERVISED") !== undefined,
  };
}

/** The folder of the demo above `server/` or `dist/server/`. */
export function findRoot(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : findRoot(dirname(folder));
}

/** The value of a variable; undefined for an empty one. */
function given(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

function readPort(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`PORT is not a port: ${value}`);
  return port;
}

function readList(value: string | undefined): string[] {
  const items = (value ?? "").split(",").map((item) => item.trim());
  return items.filter((item) => item !== "");
}

function readOrigin(name: string, value: string): string {
  const { protocol, origin } = URL.canParse(value) ? new URL(value) : { protocol: "", origin: "" };
  if (protocol !== "http:" && protocol !== "https:")
    throw new Error(`${name} is not an http(s) origin: ${value}`);
  return origin;
}

/** The host for the URL of a browser, which cannot open 0.0.0.0. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

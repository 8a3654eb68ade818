import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backplane, UpgradeRequest } from "@halyard/server";
import { betterAuth } from "better-auth";
import type { BetterAuthOptions } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { admin, bearer, organization } from "better-auth/plugins";
import { cookieOf, sessionStorage, testPasswords } from "../../../test/support/better-auth-parts.ts";
import type { StorageMode } from "../../../test/support/better-auth-parts.ts";
import { halyard } from "../src/plugin.ts";

export { cookieOf, STORAGE_MODES } from "../../../test/support/better-auth-parts.ts";
export type { StorageMode } from "../../../test/support/better-auth-parts.ts";

export const ORIGIN = "https://app.example.com";

export interface TestAuthOptions {
  readonly mode?: StorageMode;
  readonly trustedOrigins?: BetterAuthOptions["trustedOrigins"];
  readonly baseURL?: BetterAuthOptions["baseURL"];
  /** Of a process without a server. @default none */
  readonly backplane?: Backplane;
}

export type TestAuth = Awaited<ReturnType<typeof createTestAuth>>;

/** A real Better Auth over a real SQLite file. Only the password hash is cheap. */
export async function createTestAuth({
  mode = "database",
  trustedOrigins = [],
  baseURL,
  backplane,
}: TestAuthOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), "halyard-auth-"));
  const database = await openDatabase(join(directory, "auth.db"));
  database.exec("pragma journal_mode = wal; pragma synchronous = off"); // no row of a test has to survive a power cut
  const secondary = new Map<string, string>();
  const auth = betterAuth({
    database: database as never,
    baseURL: baseURL ?? ORIGIN,
    trustedOrigins,
    secret: "k3J9vQ2mX7pL5sT8wZ1yB4nC6dF0gH3j",
    emailAndPassword: testPasswords,
    user: { additionalFields: { team: { type: "string", required: false } }, deleteUser: { enabled: true } },
    ...sessionStorage(mode, secondary),
    advanced: { disableOriginCheck: false },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    plugins: [admin(), bearer(), organization(), halyard({ backplane })],
  });
  await (await getMigrations(auth.options)).runMigrations();
  let isOpen = true;
  /** Closes the database, as if its server were down. */
  const closeDatabase = (): void => {
    if (isOpen) database.close();
    isOpen = false;
  };
  const close = (): void => {
    closeDatabase();
    rmSync(directory, { recursive: true, force: true });
  };
  return { auth, database, secondary, closeDatabase, close, users: new TestUsers(auth.handler) };
}

/** The users of a test, who sign up and in through Better Auth's own HTTP endpoints. */
class TestUsers {
  readonly #handler: (request: Request) => Promise<Response>;

  constructor(handler: (request: Request) => Promise<Response>) {
    this.#handler = handler;
  }

  async signUp(name: string): Promise<TestUser> {
    return this.#authenticate("/sign-up/email", {
      name,
      email: `${name}@example.com`,
      password: "correct horse",
    });
  }

  async signIn(name: string): Promise<TestUser> {
    return this.#authenticate("/sign-in/email", { email: `${name}@example.com`, password: "correct horse" });
  }

  async post(path: string, body: object, cookie?: string, origin = ORIGIN): Promise<Response> {
    const headers = new Headers({ "content-type": "application/json", origin });
    if (cookie !== undefined) headers.set("cookie", cookie);
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return this.#handler(new Request(`${ORIGIN}/api/auth${path}`, init));
  }

  async admin(name: string, database: TestDatabase): Promise<TestUser> {
    const { id } = await this.signUp(name);
    database.prepare("update user set role = 'admin' where id = ?").run(id);
    return this.signIn(name);
  }

  /** Requests a ticket as a page of this origin, or as a client without an origin. */
  async ticket({ cookie, token }: TestUser, origin: string | null = ORIGIN): Promise<string> {
    const headers = new Headers(origin === null ? { authorization: `Bearer ${token}` } : { cookie, origin });
    const response = await this.#handler(
      new Request(`${ORIGIN}/api/auth/halyard/ticket`, { method: "POST", headers }),
    );
    return ((await response.json()) as { ticket: string }).ticket;
  }

  async #authenticate(path: string, body: object): Promise<TestUser> {
    const response = await this.post(path, body);
    const { token, user } = (await response.json()) as { token: string; user: { id: string } };
    return { id: user.id, token, cookie: cookieOf(response) };
  }
}

export interface TestUser {
  readonly id: string;
  /** The session's token, as bearer clients send it. */
  readonly token: string;
  /** The `Cookie` header of the user's browser. */
  readonly cookie: string;
}

/** The authenticator reads headers only. */
const UNREAD = undefined as never;

/** An upgrade request with these headers. */
export function upgrade(headers: Record<string, string>, url = "/ws"): UpgradeRequest {
  return { ...probe({ connection: "Upgrade", upgrade: "websocket", ...headers }), url };
}

/** A plain GET, by which a client learns why its upgrade was rejected. */
export function probe(headers: Record<string, string>): UpgradeRequest {
  const all = new Headers({ host: "app.example.com", ...headers });
  const offers = all.get("sec-websocket-protocol")?.split(/[ ,]+/) ?? [];
  const tickets = offers.filter((offer) => offer.startsWith("halyard.ticket."));
  const ticket = tickets.length > 1 ? "" : tickets[0]?.slice("halyard.ticket.".length);
  return { url: "/ws", headers: all, remoteAddress: "127.0.0.1", raw: UNREAD, ticket };
}

/** The part of SQLite that tests use directly. */
export interface TestDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: (string | number | null)[]): unknown; all(): unknown[] };
  close(): void;
}

async function openDatabase(file: string): Promise<TestDatabase> {
  // The name is not a literal, because `bun:sqlite` has no types here and does not exist on Node.
  const [name, type] =
    "bun" in process.versions ? ["bun:sqlite", "Database"] : ["node:sqlite", "DatabaseSync"];
  const module = (await import(/* @vite-ignore */ name)) as Record<
    string,
    new (file: string) => TestDatabase
  >;
  const Database = module[type];
  if (Database === undefined) throw new Error(`${name} has no ${type}`);
  return new Database(file);
}

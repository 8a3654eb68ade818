import { betterAuth } from "better-auth";
import { APIError } from "better-auth/api";
import { getMigrations } from "better-auth/db/migration";
import { admin, anonymous } from "better-auth/plugins";
import type { Config } from "./config.ts";
import type { Database } from "./database.ts";
import { displayName } from "./display-name.ts";
import { keepSecret } from "./secret.ts";
import { hasAccounts, isNameTaken } from "./user-store.ts";

/** The header into which the HTTP adapter of the demo writes the address of the socket, in place of any value of the client. */
export const ADDRESS_HEADER = "x-client-address";

export type Auth = ReturnType<typeof createAuth>;

/** Better Auth with accounts by e-mail and password, guests who have only a name, and the role of the admin. */
export function createAuth(config: Config, database: Database) {
  return betterAuth({
    appName: "Halyard demo",
    baseURL: config.publicOrigin,
    secret: config.secret ?? keepSecret(config.databasePath),
    database: database.driver,
    trustedOrigins: [...config.ownOrigins, ...config.allowedOrigins],
    emailAndPassword: { enabled: true },
    plugins: [
      anonymous({ generateName: ({ query }) => displayName(query?.["name"]) ?? "Guest" }),
      admin({ bannedUserMessage: "An admin has banned this account." }),
    ],
    databaseHooks: {
      user: {
        create: { before: (user) => Promise.resolve({ data: admit(user, config, database) }) },
        update: {
          before: (user, context) =>
            Promise.resolve({ data: rename(user, database, context?.context.session?.user.id) }),
        },
      },
    },
    // Better Auth limits rates only in production. A chat on the internet always needs limits.
    rateLimit: { enabled: true, customRules: { "/sign-in/*": SIGN_IN_RATE, "/sign-up/*": SIGN_IN_RATE } },
    advanced: {
      // A prefix for the demo, because all ports of a host share their cookies.
      cookiePrefix: "halyard-demo",
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    logger: { level: "error" },
    telemetry: { enabled: false },
  });
}

/** Creates or migrates the tables of Better Auth, and gives the configured account the role of the admin. */
export async function prepareAccounts(auth: Auth, config: Config, database: Database): Promise<void> {
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  if (config.adminEmail === undefined) return;
  database.prepare(`UPDATE "user" SET "role" = 'admin' WHERE "email" = ?`).run(config.adminEmail);
}

const SIGN_IN_RATE = { window: 60, max: 30 };

interface NewUser extends Record<string, unknown> {
  readonly name: string;
}

function admit<TUser extends NewUser>(user: TUser, config: Config, database: Database): TUser {
  const name = checkedName(user.name, database);
  const isFirst =
    config.isLocal &&
    config.adminEmail === undefined &&
    user["isAnonymous"] !== true &&
    !hasAccounts(database);
  return { ...user, name, ...(isFirst ? { role: "admin" } : {}) };
}

function rename<TUser extends object>(user: TUser, database: Database, ownId: string | undefined): TUser {
  return "name" in user ? { ...user, name: checkedName(user.name, database, ownId) } : user;
}

/**
 * The display form of a name.
 *
 * @throws APIError for an invisible name, and for the name of another account, so that no user can imitate its owner
 */
function checkedName(value: unknown, database: Database, ownId?: string): string {
  const name = displayName(value);
  if (name === undefined) throw new APIError("BAD_REQUEST", { message: "Please choose a name." });
  if (isNameTaken(database, name, ownId))
    throw new APIError("BAD_REQUEST", { message: "An account has this name. Please choose another one." });
  return name;
}

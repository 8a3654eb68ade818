/**
 * Better Auth as an application uses it: accounts with e-mail and password, sessions in a SQLite file.
 * Imported by the Halyard servers when they have such a file, and by `create-sessions.ts`, which fills it.
 */
import { halyard } from "@halyard/better-auth";
import { betterAuth } from "better-auth";
import type { Database as BunDatabase } from "bun:sqlite";
import type { DatabaseSync } from "node:sqlite";

/** The origin of the page that all users sign up on. */
export const ORIGIN = "http://app.example.com";

// The inferred return type carries the type of the sessions.
export async function createAuth(file: string) {
  const database = await openDatabase(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000;");
  return betterAuth({
    database,
    baseURL: ORIGIN,
    secret: "k3J9vQ2mX7pL5sT8wZ1yB4nC6dF0gH3j",
    emailAndPassword: {
      enabled: true,
      // Thousands of users sign up before anything is measured: a real password hash would only take time.
      password: {
        hash: (password) => Promise.resolve(password),
        verify: ({ hash, password }) => Promise.resolve(hash === password),
      },
    },
    rateLimit: { enabled: false },
    logger: { level: "error" },
    telemetry: { enabled: false },
    plugins: [halyard()],
  });
}

async function openDatabase(file: string): Promise<DatabaseSync | BunDatabase> {
  if ("Bun" in globalThis) return new (await import("bun:sqlite")).Database(file);
  return new (await import("node:sqlite")).DatabaseSync(file);
}

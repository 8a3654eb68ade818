/**
 * Better Auth with accounts by e-mail and password, and sessions in a SQLite file.
 * `create-sessions.ts` fills the file; the Halyard servers import this file if they get one.
 */
import { halyard } from "@halyard/better-auth";
import { betterAuth } from "better-auth";
import type { Database as BunDatabase } from "bun:sqlite";
import type { DatabaseSync } from "node:sqlite";

/** The origin of the page on which all users sign up. */
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
      // Thousands of users sign up before the measurement; a real hash of their passwords would take long.
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

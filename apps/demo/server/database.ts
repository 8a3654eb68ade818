import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Database as BunDatabase } from "bun:sqlite";

type SqlValue = string | number | null;

interface Statement {
  all(...values: SqlValue[]): unknown[];
  get(...values: SqlValue[]): unknown;
  run(...values: SqlValue[]): unknown;
}

/** What the demo needs of SQLite, which Node's and Bun's built-in drivers spell alike. */
export interface Database {
  /** The driver itself, for Better Auth. */
  readonly driver: DatabaseSync | BunDatabase;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** Opens the file, and makes it when it is missing. */
export async function openDatabase(path: string): Promise<Database> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const driver = await openDriver(path);
  // WAL lets a reader pass a writer; the time-out covers an old process that is still on its way out.
  driver.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;");
  return {
    driver,
    exec: (sql) => void driver.exec(sql),
    prepare: (sql) => driver.prepare(sql),
    close: () => driver.close(),
  };
}

async function openDriver(path: string): Promise<DatabaseSync | BunDatabase> {
  if ("Bun" in globalThis) return new (await import("bun:sqlite")).Database(path);
  return new (await import("node:sqlite")).DatabaseSync(path);
}

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

/** The part of SQLite that the demo uses, and that the built-in drivers of Node and Bun have under the same names. */
export interface Database {
  /** The driver itself, for Better Auth. */
  readonly driver: DatabaseSync | BunDatabase;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** Opens the database file, and creates a missing one. */
export async function openDatabase(path: string): Promise<Database> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const driver = await openDriver(path);
  // With WAL, a reader does not wait for a writer. The timeout covers an earlier process that has not ended yet.
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

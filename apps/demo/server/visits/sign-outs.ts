import type { Database } from "../database.ts";

export interface SignOuts {
  /** Ends a visit, so that its tickets open no socket on any node. */
  add(room: string): void;
  has(room: string): boolean;
  /** Deletes the sign-outs before a time, in ISO 8601, when their tickets have expired. */
  deleteBefore(time: string): void;
}

/** Stores the visits whose guests have signed out. */
export function createSignOuts(database: Database, now: () => number = Date.now): SignOuts {
  database.exec(
    "CREATE TABLE IF NOT EXISTS visit_sign_out (room TEXT PRIMARY KEY, signed_out_at TEXT NOT NULL)",
  );
  const insert = database.prepare("INSERT OR IGNORE INTO visit_sign_out (room, signed_out_at) VALUES (?, ?)");
  const select = database.prepare("SELECT 1 FROM visit_sign_out WHERE room = ?");
  const deleteBefore = database.prepare("DELETE FROM visit_sign_out WHERE signed_out_at < ?");
  return {
    add: (room) => insert.run(room, new Date(now()).toISOString()),
    has: (room) => select.all(room).length > 0,
    deleteBefore: (time) => deleteBefore.run(time),
  };
}

import { z } from "zod";
import type { Guest } from "../../shared/visit.ts";
import { GUESTS, KEPT_LINES } from "../../shared/visit.ts";
import type { Line } from "../../shared/visit-protocol.ts";
import type { Database } from "../database.ts";

const Row = z.object({
  id: z.string(),
  guest: z.enum(GUESTS),
  number: z.int(),
  text: z.string(),
  written_at: z.string(),
});

export interface LineStore {
  /**
   * Stores a line once, by its guest and number. A line that is written again stays as it is.
   *
   * @returns the line as it is stored
   */
  add(room: string, line: Line): Line;
  /** The newest lines of a room, oldest first. */
  list(room: string): Line[];
  /** Deletes the lines that were written before a time, in ISO 8601. */
  deleteBefore(time: string): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS visit_line (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT NOT NULL,
    guest TEXT NOT NULL,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    written_at TEXT NOT NULL,
    UNIQUE (room, guest, number)
  );
  CREATE INDEX IF NOT EXISTS visit_line_by_time ON visit_line (written_at);
`;

/** Stores the lines of visits on disk, so that a killed server loses none of them. */
export function createLineStore(database: Database): LineStore {
  database.exec(SCHEMA);
  const insert = database.prepare(
    "INSERT OR IGNORE INTO visit_line (room, guest, number, id, text, written_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const stored = database.prepare("SELECT * FROM visit_line WHERE room = ? AND guest = ? AND number = ?");
  const newest = database.prepare("SELECT * FROM visit_line WHERE room = ? ORDER BY seq DESC LIMIT ?");
  // By the order of arrival: a guest chooses the numbers.
  const deleteOld = database.prepare(
    `DELETE FROM visit_line WHERE room = ?1 AND guest = ?2 AND seq <=
     (SELECT seq FROM visit_line WHERE room = ?1 AND guest = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ${KEPT_LINES})`,
  );
  const deleteBefore = database.prepare("DELETE FROM visit_line WHERE written_at < ?");
  return {
    add(room, { from, number, id, text, writtenAt }) {
      insert.run(room, from, number, id, text, writtenAt);
      deleteOld.run(room, from);
      return toLine(stored.get(room, from, number));
    },
    list: (room) => newest.all(room, KEPT_LINES).reverse().map(toLine),
    deleteBefore: (time) => deleteBefore.run(time),
  };
}

function toLine(row: unknown): Line {
  const { id, guest, number, text, written_at: writtenAt } = Row.parse(row);
  return { id, from: guest satisfies Guest, number, text, writtenAt };
}

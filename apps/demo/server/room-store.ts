import { FIRST_ROOMS, MAX_ROOMS } from "../shared/constants.ts";
import type { Database } from "./database.ts";

type Creation = "created" | "exists" | "full";

export interface RoomStore {
  has(name: string): boolean;
  list(): string[];
  create(name: string): Creation;
}

/**
 * Stores the rooms, with a copy in memory, because every message checks whether its room exists. The copy may lack a room that another
 * node has created.
 */
export function createRoomStore(database: Database): RoomStore {
  database.exec("CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY)");
  // Counts in the database, because another node may have created rooms.
  const insert = database.prepare(
    `INSERT OR IGNORE INTO room (name) SELECT ? WHERE (SELECT count(*) FROM room) < ${MAX_ROOMS}`,
  );
  for (const name of FIRST_ROOMS) insert.run(name);
  const select = database.prepare("SELECT name FROM room ORDER BY rowid");
  const exists = database.prepare("SELECT name FROM room WHERE name = ?");
  const names = new Set(select.all().flatMap(nameOf));
  const has = (name: string) => {
    if (names.has(name)) return true;
    for (const known of exists.all(name).flatMap(nameOf)) names.add(known);
    return names.has(name);
  };
  return {
    has,
    list() {
      for (const name of select.all().flatMap(nameOf)) names.add(name);
      return [...names];
    },
    create(name) {
      if (has(name)) return "exists";
      insert.run(name);
      return has(name) ? "created" : "full";
    },
  };
}

function nameOf(row: unknown): string[] {
  const isNamed = typeof row === "object" && row !== null && "name" in row && typeof row.name === "string";
  return isNamed ? [String(row.name)] : [];
}

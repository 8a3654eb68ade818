import { FIRST_ROOMS, MAX_ROOMS } from "../shared/constants.ts";
import type { Database } from "./database.ts";

type Creation = "created" | "exists" | "full";

export interface RoomStore {
  has(name: string): boolean;
  list(): string[];
  create(name: string): Creation;
}

/** The rooms, kept in memory too: whether one exists is asked for every message. */
export function createRoomStore(database: Database): RoomStore {
  database.exec("CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY)");
  const insert = database.prepare("INSERT OR IGNORE INTO room (name) VALUES (?)");
  for (const name of FIRST_ROOMS) insert.run(name);
  const rows = database.prepare("SELECT name FROM room ORDER BY rowid").all();
  const names = new Set(rows.flatMap(nameOf));
  return {
    has: (name) => names.has(name),
    list: () => [...names],
    create(name) {
      if (names.has(name)) return "exists";
      if (names.size >= MAX_ROOMS) return "full";
      insert.run(name);
      names.add(name);
      return "created";
    },
  };
}

function nameOf(row: unknown): string[] {
  const isNamed = typeof row === "object" && row !== null && "name" in row && typeof row.name === "string";
  return isNamed ? [String(row.name)] : [];
}

import { z } from "zod";
import type { Database } from "./database.ts";

const Announcement = z.object({ id: z.string(), message: z.string() }).nullish();
type Announcement = NonNullable<z.infer<typeof Announcement>>;

export interface AnnouncementStore {
  add(announcement: Announcement): void;
  /** The newest announcement of the last 24 hours, for users who were not online. */
  latest(): Announcement | null;
}

const SHOWN_MS = 24 * 60 * 60_000;

export function createAnnouncementStore(database: Database): AnnouncementStore {
  database.exec(
    "CREATE TABLE IF NOT EXISTS announcement (id TEXT PRIMARY KEY, message TEXT NOT NULL, sent_at INTEGER NOT NULL)",
  );
  const insert = database.prepare(
    "INSERT OR IGNORE INTO announcement (id, message, sent_at) VALUES (?, ?, ?)",
  );
  const newest = database.prepare(
    "SELECT id, message FROM announcement WHERE sent_at > ? ORDER BY sent_at DESC, rowid DESC LIMIT 1",
  );
  return {
    add({ id, message }) {
      insert.run(id, message, Date.now());
    },
    latest: () => Announcement.parse(newest.get(Date.now() - SHOWN_MS)) ?? null,
  };
}

import { z } from "zod";
import { MAX_UNREAD } from "../shared/constants.ts";
import type { ListedRoom } from "../shared/protocol.ts";
import type { Database } from "./database.ts";

export interface ReadStore {
  /** The unread messages of a user in these rooms. For a new user, all earlier messages count as read. */
  unreadOf(userId: string, rooms: readonly string[]): ListedRoom[];
  /** Moves the position of a user in a room forward. @returns false if the position is not before the new one */
  markRead(userId: string, room: string, messageId: string): boolean;
}

const Newest = z.object({ id: z.string(), seq: z.number() }).nullish();
const Count = z.object({ count: z.number() });
const Position = z.object({ seq: z.number() }).nullish();

/** Stores up to which message each user has read each room. Uses the table of the message store, which must be created first. */
export function createReadStore(database: Database): ReadStore {
  database.exec(
    "CREATE TABLE IF NOT EXISTS read_position (user_id TEXT, room TEXT, seq INTEGER, PRIMARY KEY (user_id, room))",
  );
  const newest = database.prepare("SELECT id, seq FROM message WHERE room = ? ORDER BY seq DESC LIMIT 1");
  const find = database.prepare("SELECT seq FROM message WHERE room = ? AND id = ?");
  const position = database.prepare("SELECT seq FROM read_position WHERE user_id = ? AND room = ?");
  const isKnown = database.prepare("SELECT 1 FROM read_position WHERE user_id = ? LIMIT 1");
  const write = database.prepare(
    "INSERT OR REPLACE INTO read_position (user_id, room, seq) VALUES (?, ?, ?)",
  );
  const count = database.prepare(
    `SELECT count(*) AS count FROM
     (SELECT 1 FROM message WHERE room = ? AND seq > ? AND user_id <> ? LIMIT ${MAX_UNREAD})`,
  );
  const positionOf = (userId: string, room: string) => Position.parse(position.get(userId, room))?.seq ?? 0;
  const unreadIn = (userId: string, name: string): ListedRoom => ({
    name,
    unread: Count.parse(count.get(name, positionOf(userId, name), userId)).count,
    newest: Newest.parse(newest.get(name))?.id,
  });
  return {
    unreadOf(userId, rooms) {
      if (!isKnown.get(userId))
        for (const room of rooms) write.run(userId, room, Newest.parse(newest.get(room))?.seq ?? 0);
      return rooms.map((room) => unreadIn(userId, room));
    },
    markRead(userId, room, messageId) {
      const message = Position.parse(find.get(room, messageId));
      if (!message || message.seq <= positionOf(userId, room)) return false;
      write.run(userId, room, message.seq);
      return true;
    },
  };
}

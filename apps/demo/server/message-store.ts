import { z } from "zod";
import { KEPT_MESSAGES } from "../shared/constants.ts";
import type { StoredMessage } from "../shared/protocol.ts";
import type { Database } from "./database.ts";

const Row = z.object({
  id: z.string(),
  content: z.string(),
  user_id: z.string(),
  user_name: z.string(),
  sent_at: z.string(),
});
type Row = z.infer<typeof Row>;

interface HistoryQuery {
  readonly room: string;
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface MessageStore {
  /** Stores a message once, and deletes the oldest one of a room with more than {@link KEPT_MESSAGES}. Its id is the message id of Halyard, which is the same if the handler runs twice. */
  add(room: string, message: StoredMessage): void;
  /** The newest messages, or those before the message `before`, the oldest first. No messages for an unknown `before`. */
  page(query: HistoryQuery): StoredMessage[];
}

/** The most characters in a reply, whose frame has at most 1 MiB, with up to six bytes for a character. */
const MAX_CHARACTERS = 128 * 1024;

// `seq` defines the order, because two messages may share a millisecond.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    room TEXT NOT NULL,
    user_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    content TEXT NOT NULL,
    sent_at TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS message_by_room ON message (room, seq);
`;

export function createMessageStore(database: Database): MessageStore {
  database.exec(SCHEMA);
  const insert = database.prepare(
    "INSERT OR IGNORE INTO message (id, room, user_id, user_name, content, sent_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const deleteOld = database.prepare(
    `DELETE FROM message WHERE room = ?1 AND seq <=
     (SELECT seq FROM message WHERE room = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ${KEPT_MESSAGES})`,
  );
  const newest = database.prepare("SELECT * FROM message WHERE room = ? ORDER BY seq DESC LIMIT ?");
  const older = database.prepare(
    `SELECT * FROM message
     WHERE room = ? AND seq < (SELECT seq FROM message WHERE id = ?)
     ORDER BY seq DESC LIMIT ?`,
  );
  return {
    add(room, { id, from, content, sentAt }) {
      insert.run(id, room, from.userId, from.name, content, sentAt);
      deleteOld.run(room);
    },
    page({ room, before, limit }) {
      const rows = before === undefined ? newest.all(room, limit) : older.all(room, before, limit);
      return withinCharacters(rowsOf(rows)).map(toMessage).reverse();
    },
  };
}

/** The first rows whose texts fit into a reply; at least one row. */
function withinCharacters(rows: readonly Row[]): readonly Row[] {
  let characters = 0;
  const end = rows.findIndex(({ content }) => (characters += content.length) > MAX_CHARACTERS);
  return end < 1 ? rows : rows.slice(0, end);
}

function rowsOf(rows: unknown): readonly Row[] {
  return z.array(Row).parse(rows);
}

function toMessage(row: Row): StoredMessage {
  return {
    id: row.id,
    content: row.content,
    from: { userId: row.user_id, name: row.user_name },
    sentAt: row.sent_at,
  };
}

import { z } from "zod";
import type { StoredMessage } from "../shared/protocol.ts";
import type { Database } from "./database.ts";

const Row = z.object({
  seq: z.number(),
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
  readonly since?: string | undefined;
  readonly limit: number;
}

interface HistoryPage {
  readonly messages: StoredMessage[];
  readonly more: boolean;
}

export interface MessageStore {
  /** Stores once: the id is Halyard's message id, and a message that ran twice has the same one. */
  add(room: string, message: StoredMessage): void;
  /**
   * The newest messages; those before one of them; or those since one of them, up to `MAX_SINCE`. Oldest first. An unknown
   * `before` gives an empty page, an unknown `since` the newest messages.
   */
  page(query: HistoryQuery): HistoryPage;
}

/** How many messages a page may have missed, and still gets all of them. */
const MAX_SINCE = 500;
/** A reply has to fit in a frame of 1 MiB, in which a character takes up to six bytes. */
const MAX_CHARACTERS = 128 * 1024;

// `seq` is the order: two messages may well share a millisecond.
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
  const newest = database.prepare("SELECT * FROM message WHERE room = ? ORDER BY seq DESC LIMIT ?");
  const older = database.prepare(
    `SELECT * FROM message
     WHERE room = ? AND seq < (SELECT seq FROM message WHERE id = ?)
     ORDER BY seq DESC LIMIT ?`,
  );
  const find = database.prepare("SELECT * FROM message WHERE room = ? AND id = ?");
  const pageOf = (query: HistoryQuery): readonly [rows: readonly Row[], limit: number] => {
    const { room, before, limit } = query;
    if (before !== undefined) return [rowsOf(older.all(room, before, limit + 1)), limit];
    const [first] = query.since === undefined ? [] : rowsOf(find.all(room, query.since));
    if (first === undefined) return [rowsOf(newest.all(room, limit + 1)), limit];
    const rows = rowsOf(newest.all(room, MAX_SINCE + 1));
    const missed = rows.filter(({ seq }) => seq >= first.seq);
    return [rows, Math.min(missed.length, MAX_SINCE)];
  };
  return {
    add(room, { id, from, content, sentAt }) {
      insert.run(id, room, from.userId, from.name, content, sentAt);
    },
    page(query) {
      const [rows, limit] = pageOf(query);
      const shown = withinCharacters(rows.slice(0, limit));
      // One row more than asked for tells whether there are more.
      return { messages: shown.map(toMessage).reverse(), more: rows.length > shown.length };
    },
  };
}

/** The first rows, at least one, whose texts fit into a reply. */
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

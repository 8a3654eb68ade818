import { z } from "zod";
import type { Device } from "../../shared/device.ts";
import type { Database } from "../database.ts";

const Row = z.object({ id: z.string(), browser: z.string(), node: z.string(), since: z.string() });
const Count = z.object({ userId: z.string(), tabs: z.number() });
type TabCount = z.infer<typeof Count>;

export interface DeviceStore {
  /** Stores a connection that has opened. */
  add(userId: string, connection: Pick<Device, "id" | "browser">): void;
  /** Removes a connection that has closed. */
  remove(connectionId: string): void;
  /** The open connections of a user on all nodes, the oldest first. */
  list(userId: string): Device[];
  /** The users with more than one open connection, except the users of the front page. */
  countTabs(): TabCount[];
}

export interface DeviceStoreOptions {
  /** The name of this node; undefined if there is only one. */
  readonly nodeName: string | undefined;
  readonly now?: (() => number) | undefined;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS device (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    browser TEXT NOT NULL,
    node TEXT NOT NULL,
    since TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS device_by_user ON device (user_id);
`;
const MAX_COUNTS = 500;

/**
 * Stores the open connections of users in the database, which the nodes share; the maps of a manager have only the connections of
 * its own node. A killed node removes no entry, so the cluster deletes them, and so does each node when it starts.
 */
export function createDeviceStore(
  database: Database,
  { nodeName = "", now = Date.now }: DeviceStoreOptions,
): DeviceStore {
  database.exec(SCHEMA);
  database.prepare("DELETE FROM device WHERE node = ?").run(nodeName);
  const insert = database.prepare(
    "INSERT OR IGNORE INTO device (id, user_id, browser, node, since) VALUES (?, ?, ?, ?, ?)",
  );
  const deleteOne = database.prepare("DELETE FROM device WHERE id = ?");
  const ofUser = database.prepare(
    "SELECT id, browser, node, since FROM device WHERE user_id = ? ORDER BY seq",
  );
  const counts = database.prepare(
    `SELECT user_id AS userId, COUNT(*) AS tabs FROM device WHERE user_id NOT LIKE 'visit-%'
     GROUP BY user_id HAVING tabs > 1 LIMIT ${MAX_COUNTS}`,
  );
  return {
    add: (userId, { id, browser }) =>
      void insert.run(id, userId, browser, nodeName, new Date(now()).toISOString()),
    remove: (connectionId) => void deleteOne.run(connectionId),
    list: (userId) => ofUser.all(userId).map(toDevice),
    countTabs: () => counts.all().map((row) => Count.parse(row)),
  };
}

function toDevice(row: unknown): Device {
  const { node, ...device } = Row.parse(row);
  return node === "" ? device : { ...device, node };
}

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FIRST_ROOMS, KEPT_MESSAGES, MAX_ROOMS } from "../shared/constants.ts";
import { createAnnouncementStore } from "./announcement-store.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./database.ts";
import type { MessageStore } from "./message-store.ts";
import { createMessageStore } from "./message-store.ts";
import { createReadStore } from "./read-store.ts";
import { createRoomStore } from "./room-store.ts";
import { keepSecret } from "./secret.ts";

let folder: string;
let path: string;
let database: Database;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "halyard-demo-"));
  path = join(folder, "data/demo.db");
  database = await openDatabase(path);
});

afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** Opens the same file again, as a restart does. */
async function restart(): Promise<void> {
  database.close();
  database = await openDatabase(path);
}

function add(store: MessageStore, room: string, ...ids: readonly string[]): void {
  const from = { userId: "ada", name: "Ada" };
  for (const id of ids)
    store.add(room, { id, content: `text of ${id}`, from, sentAt: "2026-03-01T09:00:00.000Z" });
}

const idsOf = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);

describe("the message store", () => {
  test("pages from the newest message to the oldest, each page in order", () => {
    const store = createMessageStore(database);
    add(store, "general", "a", "b", "c", "d", "e");
    const newest = store.page({ room: "general", limit: 2 });
    const older = store.page({ room: "general", limit: 2, before: "d" });
    const oldest = store.page({ room: "general", limit: 2, before: "b" });
    expect([newest, older, oldest].map(idsOf)).toEqual([["d", "e"], ["b", "c"], ["a"]]);
  });

  test("stores a message once when its handler ran twice, with the content of the first run", () => {
    const store = createMessageStore(database);
    const message = { id: "a", from: { userId: "ada", name: "Ada" }, sentAt: "2026-03-01T09:00:00.000Z" };
    store.add("general", { ...message, content: "first" });
    store.add("general", { ...message, content: "second" });
    expect(store.page({ room: "general", limit: 9 })).toEqual([{ ...message, content: "first" }]);
  });

  test("returns messages of the room only, also before the id of another room's message", () => {
    const store = createMessageStore(database);
    add(store, "general", "a");
    add(store, "random", "b");
    add(store, "general", "c");
    expect(idsOf(store.page({ room: "general", limit: 9 }))).toEqual(["a", "c"]);
    expect(idsOf(store.page({ room: "random", limit: 9, before: "c" }))).toEqual(["b"]);
  });

  test("returns an empty page before an unknown message", () => {
    const store = createMessageStore(database);
    add(store, "general", "a");
    expect(store.page({ room: "general", limit: 9, before: "nothing" })).toEqual([]);
  });

  test("a page ends where its messages no longer fit a frame", () => {
    const store = createMessageStore(database);
    const from = { userId: "ada", name: "Ada" };
    for (let n = 0; n < 40; n++)
      store.add("general", {
        id: String(n),
        from,
        content: "\u{1F6A2}".repeat(2_000),
        sentAt: "2026-03-01T09:00:00.000Z",
      });
    const messages = store.page({ room: "general", limit: 40 });
    expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThan(1024 * 1024);
    expect(messages.length).toBeLessThan(40);
    expect(messages.at(-1)?.id).toBe("39");
  });

  test("stores the text of a message unchanged", () => {
    const store = createMessageStore(database);
    const content = `'); DROP TABLE message; -- <b>\u0000 🚢`;
    store.add("general", {
      id: "a",
      content,
      from: { userId: "ada", name: "Ada" },
      sentAt: "2026-03-01T09:00:00.000Z",
    });
    expect(store.page({ room: "general", limit: 1 })[0]?.content).toBe(content);
  });

  test("keeps the newest 2,000 messages of a room, and those of another room", () => {
    const store = createMessageStore(database);
    add(store, "random", "elsewhere");
    const ids = Array.from({ length: KEPT_MESSAGES + 3 }, (_, index) => `m${index}`);
    database.exec("BEGIN");
    add(store, "general", ...ids);
    database.exec("COMMIT");
    expect(idsOf(store.page({ room: "general", limit: 9_999 }))).toEqual(ids.slice(3));
    expect(idsOf(store.page({ room: "random", limit: 9 }))).toEqual(["elsewhere"]);
    expect(store.page({ room: "general", limit: 9, before: "m0" })).toEqual([]);
  });

  test("has all messages after a restart", async () => {
    add(createMessageStore(database), "general", "a", "b");
    await restart();
    expect(idsOf(createMessageStore(database).page({ room: "general", limit: 9 }))).toEqual(["a", "b"]);
  });
});

describe("the room store", () => {
  test("starts with the first rooms, and has new rooms after a restart", async () => {
    expect(createRoomStore(database).create("tall-ships")).toBe("created");
    await restart();
    const rooms = createRoomStore(database);
    expect(rooms.list()).toEqual([...FIRST_ROOMS, "tall-ships"]);
    expect(rooms.has("tall-ships")).toBe(true);
    expect(rooms.create("tall-ships")).toBe("exists");
  });

  test("creates no more than MAX_ROOMS rooms, on all nodes together", () => {
    const [rooms, elsewhere] = [createRoomStore(database), createRoomStore(database)];
    for (let n = rooms.list().length; n < MAX_ROOMS; n++) rooms.create(`room-${n}`);
    for (const node of [rooms, elsewhere]) expect(node.create("one-more")).toBe("full");
    expect(elsewhere.create("room-7")).toBe("exists");
    for (const node of [rooms, elsewhere]) expect(node.list()).toHaveLength(MAX_ROOMS);
  });
});

describe("the read store", () => {
  test("[demo 8] counts the messages of others behind the position, also after a restart", async () => {
    const messages = createMessageStore(database);
    add(messages, "general", "before");
    const reads = createReadStore(database);
    expect(reads.unreadOf("bob", ["general"])).toEqual([{ name: "general", unread: 0, newest: "before" }]);
    add(messages, "general", "one", "two", "three");
    expect(reads.unreadOf("bob", ["general"])).toMatchObject([{ unread: 3, newest: "three" }]);
    expect(reads.unreadOf("ada", ["general"])).toMatchObject([{ unread: 0 }]);
    expect(reads.markRead("bob", "general", "two")).toBe(true);
    await restart();
    expect(createReadStore(database).unreadOf("bob", ["general"])).toMatchObject([{ unread: 1 }]);
  });

  test("[demo 8] a position advances only, and to messages of its room only", () => {
    const messages = createMessageStore(database);
    const reads = createReadStore(database);
    reads.unreadOf("bob", ["general"]);
    add(messages, "general", "one", "two");
    add(messages, "random", "elsewhere");
    expect(reads.markRead("bob", "general", "two")).toBe(true);
    for (const id of ["one", "two", "elsewhere", "nothing"])
      expect(reads.markRead("bob", "general", id)).toBe(false);
  });

  test("[demo 8] counts all messages of a room that was made while its user was away", () => {
    const messages = createMessageStore(database);
    const reads = createReadStore(database);
    reads.unreadOf("bob", ["general"]);
    add(messages, "new", "one", "two");
    expect(reads.unreadOf("bob", ["general", "new"])).toMatchObject([{ unread: 0 }, { unread: 2 }]);
  });
});

test("[demo 10] the announcement store has the newest announcement, also after a restart", async () => {
  const store = createAnnouncementStore(database);
  expect(store.latest()).toBeNull();
  store.add({ id: "a", message: "first" });
  store.add({ id: "b", message: "second" });
  await restart();
  expect(createAnnouncementStore(database).latest()).toEqual({ id: "b", message: "second" });
});

test("keepSecret creates the secret once, in a file that only its owner can read", () => {
  const secret = keepSecret(path);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(keepSecret(path)).toBe(secret);
  expect(statSync(join(folder, "data/secret")).mode & 0o777).toBe(0o600);
});

test("keepSecret signs nothing with the empty secret that a crash has left", () => {
  writeFileSync(join(folder, "data/secret"), "");
  expect(() => keepSecret(path)).toThrow(/secret is empty: delete it/);
});

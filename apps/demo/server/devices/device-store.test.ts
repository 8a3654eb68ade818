import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../database.ts";
import { openDatabase } from "../database.ts";
import { createDeviceStore } from "./device-store.ts";

const NOON = Date.parse("2026-01-01T12:00:00Z");

describe("the open connections of users", () => {
  const directory = mkdtempSync(join(tmpdir(), "halyard-devices-"));
  let database: Database;
  beforeAll(async () => {
    database = await openDatabase(join(directory, "demo.db"));
  });
  afterAll(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });

  it("a user's list has the connections on all nodes, the oldest first, until they close", () => {
    const one = createDeviceStore(database, { nodeName: "one", now: () => NOON });
    const two = createDeviceStore(database, { nodeName: "two", now: () => NOON });
    one.add("ada", { id: "c1", browser: "Firefox on Linux" });
    two.add("ada", { id: "c2", browser: "Safari on iPhone" });
    one.add("grace", { id: "c3", browser: "Edge on Windows" });
    const since = "2026-01-01T12:00:00.000Z";
    expect(two.list("ada")).toEqual([
      { id: "c1", browser: "Firefox on Linux", node: "one", since },
      { id: "c2", browser: "Safari on iPhone", node: "two", since },
    ]);
    expect(one.countTabs()).toEqual([{ userId: "ada", tabs: 2 }]);
    one.remove("c2");
    expect(two.list("ada").map(({ id }) => id)).toEqual(["c1"]);
    expect(one.countTabs()).toEqual([]);
  });

  it("a node that starts again has no connections, and leaves those of another node alone", () => {
    createDeviceStore(database, { nodeName: "two" }).add("lin", { id: "c4", browser: "Chrome on Linux" });
    const one = createDeviceStore(database, { nodeName: "one" });
    one.add("lin", { id: "c5", browser: "Chrome on Linux" });
    expect(
      createDeviceStore(database, { nodeName: "one" })
        .list("lin")
        .map(({ id }) => id),
    ).toEqual(["c4"]);
  });

  it("visitors of the front page are not counted for the chat", () => {
    const store = createDeviceStore(database, { nodeName: undefined });
    for (const id of ["c6", "c7"]) store.add("visit-1.you", { id, browser: "Chrome on Linux" });
    expect(store.list("visit-1.you")).toHaveLength(2);
    expect(store.list("visit-1.you")[0]).not.toHaveProperty("node");
    expect(store.countTabs()).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { PresenceScene as Scene } from "../../test/presence-scene.ts";

describe("PresenceView", () => {
  it("sends a list with each user's public fields and connectedAt", async () => {
    const scene = new Scene();
    await scene.filled("ada");
    const bea = await scene.reader("bea");
    expect(scene.connections.received(bea)).toEqual([
      {
        type: "user_list",
        room: "r",
        users: [{ userId: "ada", name: "ADA", connectedAt: "2026-11-23T00:00:00.000Z" }],
        total: 1,
        $: { ch: "room:r" },
      },
    ]);
  });

  it("sends a cursor with a list of more than one page", async () => {
    const scene = new Scene();
    await scene.filled(...Array.from({ length: 201 }, (_, n) => `u${String(n)}`));
    const [list] = scene.connections.received(await scene.reader("ada"));
    expect(list).toMatchObject({ total: 201, cursor: "200" });
    expect(list?.["users"]).toHaveLength(200);
  });

  it("reads the roster once for all subscribers until it changes", async () => {
    const scene = new Scene();
    const entry = { user: "ada", profile: '{"userId":"ada","name":"Ada"}', since: 0 };
    scene.roster.set("ada", entry);
    const readers = ["1", "2", "3"].map((id) => scene.connections.open(id));
    for (const reader of readers) scene.view.add(reader);
    await scene.clock.advance(1_000);
    await scene.reader("4");
    expect(scene.pages).toBe(1);
    expect(readers.map((reader) => scene.received(reader))).toEqual(readers.map(() => ["list ada of 1"]));
    scene.join("bea");
    await scene.clock.settle();
    expect(scene.received(await scene.reader("5"))).toEqual(["list ada,bea of 2"]);
  });

  it("sends the list again to a connection that subscribes again", async () => {
    const scene = new Scene();
    await scene.filled("ada");
    const reader = await scene.reader("1");
    scene.view.add(reader);
    expect(scene.received(reader)).toEqual(["list ada of 1", "list ada of 1"]);
  });
});

describe("PresenceView on changes", () => {
  it("sends the first change at once, and the following ones in batches of 100 ms", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.received(reader);
    scene.join("ada");
    await scene.clock.settle();
    expect(scene.received(reader)).toEqual(["joined ada of 1"]);
    for (const user of ["bea", "cleo"]) {
      await scene.clock.advance(30);
      scene.join(user);
    }
    await scene.clock.advance(39);
    expect(scene.received(reader)).toEqual([]);
    await scene.clock.advance(1);
    expect(scene.received(reader)).toEqual(["joined bea,cleo of 3"]);
  });

  it("announces nothing for a user who joins and leaves within one batch", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    scene.join("cleo");
    scene.received(reader);
    scene.join("ada");
    scene.join("ada", '{"userId":"ada","name":"Ada L."}');
    scene.join("bea");
    scene.leave("ada");
    await scene.clock.advance(200);
    expect(scene.received(reader)).toEqual(["joined bea of 2"]);
  });

  it("announces a user who leaves and returns within one batch as left, and then as joined", async () => {
    const scene = new Scene();
    await scene.filled("ada");
    const reader = await scene.reader("1");
    scene.received(reader);
    scene.join("bea");
    await scene.clock.settle();
    scene.leave("ada");
    scene.join("ada");
    await scene.clock.advance(100);
    expect(scene.received(reader)).toEqual(["joined bea of 2", "left ada of 2", "joined ada of 2"]);
    scene.leave("ada");
    scene.join("ada");
    scene.leave("ada");
    await scene.clock.advance(100);
    expect(scene.received(reader)).toEqual(["left ada of 1"]);
  });

  it("sends no change to a connection whose list already holds it", async () => {
    const scene = new Scene();
    const earlier = await scene.reader("1");
    scene.received(earlier);
    for (const user of ["ada", "bea"]) {
      scene.join(user);
      const reader = await scene.reader(user);
      await scene.clock.advance(60);
      expect(scene.received(reader).filter((each) => each.includes(`joined ${user}`))).toEqual([]);
    }
    await scene.clock.advance(200);
    expect(scene.received(earlier)).toEqual(["joined ada of 1", "joined bea of 2"]);
  });

  it("sends no change to a connection that was removed", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    scene.received(reader);
    scene.view.remove(reader);
    scene.join("ada");
    await scene.clock.advance(200);
    expect(scene.received(reader)).toEqual([]);
    expect(scene.view.isUnused).toBe(true);
  });
});

describe("PresenceView on a slow roster", () => {
  it("sends no list to a connection that was removed during the read", async () => {
    const scene = new Scene();
    scene.held = [];
    const [gone, stays] = [scene.connections.open("1"), scene.connections.open("2")];
    for (const reader of [gone, stays]) scene.view.add(reader);
    scene.view.remove(gone);
    expect(scene.view.isUnused).toBe(false);
    scene.held.shift()?.();
    await scene.clock.advance(1_000);
    scene.held = undefined;
    scene.join("ada");
    await scene.clock.advance(1_000);
    expect(scene.received(gone)).toEqual([]);
    expect(scene.received(stays)).toEqual(["list  of 0", "joined ada of 1"]);
  });

  it("reads the roster again for connections that came during the read", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.received(reader);
    scene.held = [];
    scene.join("ada");
    await scene.clock.advance(500);
    scene.join("bea");
    const late = scene.connections.open("2");
    scene.view.add(late);
    for (let turn = 0; turn < 5; turn++) {
      for (const release of scene.held.splice(0)) release();
      await scene.clock.advance(200);
    }
    expect(scene.received(reader)).toEqual(["joined ada of 1", "joined bea of 2"]);
    expect(scene.received(late)).toEqual(["list ada,bea of 2"]);
  });

  it("reads the roster again after a failure, and announces changes meanwhile", async () => {
    const scene = new Scene();
    await scene.filled("ada", "bea");
    const reader = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.received(reader);
    scene.failure = new Error("away");
    scene.leave("ada");
    scene.join("cleo");
    const late = scene.connections.open("2");
    scene.view.add(late);
    await scene.clock.advance(150);
    scene.leave("cleo");
    scene.join("ada");
    scene.leave("bea");
    await scene.clock.advance(1_000);
    expect(scene.errors.length).toBeGreaterThan(1);
    expect(scene.received(reader)).toEqual([
      "left ada of 1",
      "joined cleo of 2",
      "left cleo,bea of 1",
      "joined ada of 1",
    ]);
    expect(scene.received(late)).toEqual([]);
    scene.failure = undefined;
    await scene.clock.advance(1_000);
    expect(scene.received(reader)).toEqual([]);
    expect(scene.received(late)).toEqual(["list ada of 1"]);
    expect(scene.clock.timers).toBe(0);
  });

  it("sends nothing and sets no timer after it was closed", async () => {
    const scene = new Scene();
    scene.held = [];
    const reader = scene.connections.open("1");
    scene.view.add(reader);
    scene.join("ada");
    scene.view.close();
    for (const release of scene.held.splice(0)) release();
    await scene.clock.settle();
    expect(scene.received(reader)).toEqual([]);
    expect(scene.clock.timers).toBe(0);
  });

  it("reads nothing after it was closed during a read that fails, also if it had been interrupted", async () => {
    const scene = new Scene();
    await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.failure = new Error("away");
    scene.view.interrupted();
    scene.view.relist();
    scene.view.close();
    await scene.clock.advance(10_000);
    expect([scene.pages, scene.clock.timers]).toEqual([2, 0]);
  });
});

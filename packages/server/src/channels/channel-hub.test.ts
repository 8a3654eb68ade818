import type { Position } from "@halyard/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { HubScene as Scene } from "../../test/hub-scene.ts";
import { commitReplay, planReplay, pushReplay, replayBudget } from "./replay.ts";
import type { Replay } from "./replay.ts";

let scene: Scene;
const create = (): Scene => (scene = new Scene());

afterEach(async () => {
  scene.hub.close();
  await scene.backplane.stop();
  expect(scene.clock.timers).toBe(0);
});

describe("a channel that is read", () => {
  it("hands on what is published, and nothing to who has stopped reading", async () => {
    const { hub, ada, connections } = create();
    const bea = connections.open("bea");
    await scene.read(ada);
    await scene.read(bea);
    await scene.publish("a");
    hub.remove("all", bea);
    await scene.publish("b");
    expect(scene.heard()).toEqual(["a", "b"]);
    expect(scene.heard(bea)).toEqual(["a"]);
  });

  it("is asked for where it stands once, however many want it at once", async () => {
    const { hub } = create();
    const [one, two] = await Promise.all([hub.whenSynced("all"), hub.whenSynced("all")]);
    expect(one).toBe(two);
    expect(scene.reads).toBe(1);
  });

  it("leaves a client out of what is not for it, also of what is ephemeral", async () => {
    const { hub, ada, connections } = create();
    const bea = connections.open("bea");
    for (const each of [ada, bea]) await scene.read(each);
    const except = `${ada.client.client}\0${ada.client.user}`;
    await hub.publish("all", { json: '{"type":"a"}', ephemeral: false, excludedClient: except });
    await hub.publish("all", { json: '{"type":"b"}', ephemeral: true, excludedClient: except });
    expect(scene.heard()).toEqual(["skip"]);
    expect(scene.heard(bea)).toEqual(["a", "b"]);
  });
});

describe("a hole", () => {
  it("is filled from the history before anything after it is handed on", async () => {
    create();
    await scene.read(scene.ada);
    await scene.publish("a");
    scene.isLosing = true;
    await scene.publish("b", "c");
    scene.isLosing = false;
    await scene.publish("d");
    expect(scene.lost).toHaveLength(2);
    expect(scene.heard()).toEqual(["a", "b", "c", "d"]);
  });

  it("is found after an interruption, without waiting for the next message", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    scene.isLosing = true;
    await scene.publish("a");
    hub.onInterrupted(["all", "unknown"]);
    await scene.clock.settle();
    expect(scene.heard()).toEqual(["a"]);
  });

  it("is found also when the interruption comes while the channel is being read", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    scene.isLosing = true;
    await scene.publish("a");
    hub.onInterrupted(["all"]);
    scene.onRead = () => {
      scene.onRead = undefined;
      void scene.backplane.publish("all", '{"type":"b"}', {
        history: { messages: 9, bytes: 999, ms: 9_999 },
      });
      hub.onInterrupted(["all"]);
    };
    await scene.clock.settle();
    expect(scene.heard()).toEqual(["a", "b"]);
  });

  it("that cannot be filled is told to every reader, once, and they go on behind it", async () => {
    create();
    await scene.read(scene.ada);
    scene.isLosing = true;
    await scene.publish("a", "b");
    scene.isLosing = false;
    scene.rewrite = (read) => ({ ...read, entries: read.entries.slice(1) });
    await scene.publish("c");
    scene.rewrite = undefined;
    await scene.publish("d");
    expect(scene.heard()).toEqual(["gap lost", "d"]);
  });

  it("is what a new epoch is: everything before it is lost", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    await scene.publish("a");
    scene.rewrite = () => ({ epoch: "new", top: 7, entries: [] });
    hub.onInterrupted(["all"]);
    await scene.clock.settle();
    const publication = { channel: "all", epoch: "new", offset: 9, prev: 7, data: '{"type":"b"}' };
    hub.onPublication(publication);
    hub.onPublication(publication);
    await scene.clock.settle();
    expect(scene.heard()).toEqual(["a", "gap lost", "b"]);
  });

  it("is none when a message comes twice, or late", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    scene.isLosing = true;
    await scene.publish("a", "b");
    scene.isLosing = false;
    await scene.publish("c");
    const reads = scene.reads;
    for (const publication of scene.lost) hub.onPublication(publication);
    await scene.clock.settle();
    expect(scene.heard()).toEqual(["a", "b", "c"]);
    expect(scene.reads).toBe(reads);
  });

  it("that moves while it is being filled ends as a gap, and not as an endless search", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    let offset = 100;
    scene.onRead = () => {
      offset += 2;
      hub.onPublication({ channel: "all", epoch: "other", offset, prev: offset - 1, data: '{"type":"x"}' });
    };
    hub.onInterrupted(["all"]);
    await scene.clock.settle();
    expect(scene.reads).toBeLessThan(10);
    expect(scene.heard().at(-1)).toBe("gap lost");
    scene.onRead = undefined;
  });
});

describe("a replay from the history", () => {
  const resume = async (position: Position): Promise<Replay> => {
    const { hub, backplane, connections } = scene;
    const plan = await planReplay(hub, backplane, { channel: "all", position });
    const reader = connections.open("back");
    const replay = commitReplay(hub, reader, { plan, budget: replayBudget() });
    pushReplay(reader, "all", replay.entries);
    await scene.clock.settle();
    return Object.assign(replay, { heard: () => scene.heard(reader) });
  };

  it.each([0, 1])("is none when the history has a hole: after %i messages", async (whole) => {
    create();
    const { epoch, offset: off } = await scene.hub.whenSynced("all");
    // More than this node's own newest frames reach back to.
    await scene.publish(...Array.from({ length: 200 }, (_, n) => String(n)));
    scene.rewrite = (read) => ({ ...read, entries: read.entries.filter((_, index) => index !== whole) });
    expect((await resume({ epoch, off })).state).toMatchObject({ recovered: "trimmed" });
  });

  it("goes as far as this node has come, and no message comes twice when it catches up", async () => {
    const { hub } = create();
    const { epoch, offset: off } = await hub.whenSynced("all");
    await scene.publish(...Array.from({ length: 200 }, (_, n) => String(n)));
    scene.isLosing = true;
    await scene.publish("lost");
    scene.isLosing = false;
    const { state, heard } = (await resume({ epoch, off })) as Replay & { heard: () => string[] };
    expect(state.recovered).toBe(true);
    await scene.publish("next");
    expect(heard()).toEqual([...Array.from({ length: 200 }, (_, n) => String(n)), "lost", "next"]);
  });
});

describe("a store that is away", () => {
  it("makes readers wait, and nothing is lost once it is back", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    await scene.publish("a");
    scene.isAway = true;
    hub.onInterrupted(["all"]);
    await scene.publish("b");
    await scene.clock.advance(5_000);
    expect(scene.heard()).toEqual(["a"]);
    await expect(hub.whenSynced("all")).rejects.toMatchObject({ code: "unavailable" });
    scene.isAway = false;
    await scene.clock.advance(1_000);
    await scene.publish("c");
    expect(scene.heard()).toEqual(["b", "c"]);
  });

  it("refuses whoever wants to read something new, and keeps nothing of it", async () => {
    const { hub } = create();
    scene.isAway = true;
    await expect(hub.whenSynced("room:a")).rejects.toMatchObject({ code: "unavailable" });
    expect(hub.size).toBe(0);
    scene.isAway = false;
    await expect(hub.whenSynced("room:a")).resolves.toMatchObject({ name: "room:a" });
  });

  it("is not asked any more once nobody reads the channel", async () => {
    const { hub, ada } = create();
    await scene.read(ada);
    scene.isAway = true;
    hub.onInterrupted(["all"]);
    await scene.clock.settle();
    hub.remove("all", ada);
    await scene.clock.advance(10_000);
    expect(hub.size).toBe(0);
    const { reads } = scene;
    await scene.clock.advance(60_000);
    expect(scene.reads).toBe(reads);
  });
});

describe("a channel that nobody reads", () => {
  it("is kept for ten seconds, and then given up", async () => {
    const { hub, ada } = create();
    await scene.read(ada);
    hub.remove("all", ada);
    await scene.clock.advance(9_999);
    expect(hub.size).toBe(1);
    await scene.clock.advance(1);
    expect(hub.size).toBe(0);
    expect(scene.unsubscribed).toEqual(["all"]);
  });

  it("is kept when somebody comes back within that time", async () => {
    const { hub, ada } = create();
    await scene.read(ada);
    hub.remove("all", ada);
    await scene.clock.advance(9_000);
    await scene.read(ada);
    await scene.clock.advance(60_000);
    await scene.publish("a");
    expect(scene.heard()).toEqual(["a"]);
    expect(scene.unsubscribed).toEqual([]);
  });

  it("is given up too when it was only looked at", async () => {
    const { hub } = create();
    const channel = await hub.whenSynced("room:a");
    expect(hub.isCurrent(channel)).toBe(true);
    await scene.clock.advance(10_000);
    expect(hub.isCurrent(channel)).toBe(false);
    expect(hub.size).toBe(0);
  });

  it("cannot be had any more after the end", async () => {
    const { hub } = create();
    hub.close();
    await expect(hub.whenSynced("all")).rejects.toMatchObject({ code: "unavailable" });
  });
});

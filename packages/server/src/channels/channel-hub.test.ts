import { HalyardError } from "@halyard/protocol/wire";
import type { Position } from "@halyard/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { HubScene as Scene } from "../../test/hub-scene.ts";
import { encodeEnvelope } from "./envelope.ts";
import { clientKey, Exclusion } from "./exclusion.ts";
import { canCommit, commitReplay, gapFrame, planReplay, pushReplays, replayBudget } from "./replay.ts";
import type { Replay } from "./replay.ts";

let scene: Scene;
const create = (): Scene => (scene = new Scene());

afterEach(async () => {
  scene.hub.close();
  await scene.backplane.stop();
  expect(scene.clock.timers).toBe(0);
});

describe("ChannelHub", () => {
  it("delivers publications to its subscribers, and none to a connection that was removed", async () => {
    const { hub, ada, connections } = create();
    const bea = connections.open("bea");
    await scene.read(ada);
    await scene.read(bea);
    await scene.publish("a");
    hub.remove("all", bea);
    await scene.publish("b");
    expect(scene.received()).toEqual(["a", "b"]);
    expect(scene.received(bea)).toEqual(["a"]);
  });

  it("reads the position of a channel once for all that open it at the same time", async () => {
    const { hub } = create();
    const [one, two] = await Promise.all([hub.whenSynced("all"), hub.whenSynced("all")]);
    expect(one).toBe(two);
    expect(scene.reads).toBe(1);
  });

  it("excludes a client from a retained and from an ephemeral message", async () => {
    const { hub, ada, connections } = create();
    const bea = connections.open("bea");
    for (const each of [ada, bea]) await scene.read(each);
    const except = new Exclusion([clientKey(ada.client)]);
    await hub.publish("all", { json: '{"type":"a"}', ephemeral: false, except });
    await hub.publish("all", { json: '{"type":"b"}', ephemeral: true, except });
    expect(scene.received()).toEqual(["skip"]);
    expect(scene.received(bea)).toEqual(["a", "b"]);
  });

  it("sends the skip of a message before a later frame of the same turn, which may be a gap of its channel", async () => {
    const { ada, hub } = create();
    await scene.read(ada);
    const { epoch, offset: prev } = await hub.whenSynced("all");
    const data = encodeEnvelope({ json: '{"type":"a"}', except: new Exclusion([clientKey(ada.client)]) });
    hub.onPublication({ channel: "all", epoch, offset: prev + 1, prev, at: 0, data });
    ada.push(gapFrame("all", { epoch: "new", off: 0, recovered: "lost" }));
    expect(scene.received()).toEqual(["skip", "gap lost"]);
  });
});

describe("ChannelHub on a hole", () => {
  it("fills a hole from the history before it delivers a later message", async () => {
    create();
    await scene.read(scene.ada);
    await scene.publish("a");
    scene.losesPublications = true;
    await scene.publish("b", "c");
    scene.losesPublications = false;
    await scene.publish("d");
    expect(scene.lost).toHaveLength(2);
    expect(scene.received()).toEqual(["a", "b", "c", "d"]);
  });

  it("finds a hole after an interruption without waiting for the next message", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    scene.losesPublications = true;
    await scene.publish("a");
    hub.onInterrupted(["all", "unknown"]);
    await scene.clock.settle();
    expect(scene.received()).toEqual(["a"]);
  });

  it("finds a hole after an interruption that comes during a read", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    scene.losesPublications = true;
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
    expect(scene.received()).toEqual(["a", "b"]);
  });

  it("announces a hole that cannot be filled to every subscriber once, and continues after it", async () => {
    create();
    await scene.read(scene.ada);
    scene.losesPublications = true;
    await scene.publish("a", "b");
    scene.losesPublications = false;
    scene.rewrite = (read) => ({ ...read, entries: read.entries.slice(1) });
    await scene.publish("c");
    scene.rewrite = undefined;
    await scene.publish("d");
    expect(scene.received()).toEqual(["gap lost", "d"]);
  });

  it("announces a new epoch as a gap", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    await scene.publish("a");
    scene.rewrite = () => ({ epoch: "new", top: 7, entries: [] });
    hub.onInterrupted(["all"]);
    await scene.clock.settle();
    const publication = { channel: "all", epoch: "new", offset: 9, prev: 7, at: 0, data: '{"type":"b"}' };
    hub.onPublication(publication);
    hub.onPublication(publication);
    await scene.clock.settle();
    expect(scene.received()).toEqual(["a", "gap lost", "b"]);
  });

  it("announces no gap when a message arrives twice or late", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    scene.losesPublications = true;
    await scene.publish("a", "b");
    scene.losesPublications = false;
    await scene.publish("c");
    const reads = scene.reads;
    for (const publication of scene.lost) hub.onPublication(publication);
    await scene.clock.settle();
    expect(scene.received()).toEqual(["a", "b", "c"]);
    expect(scene.reads).toBe(reads);
  });

  it("reads on, with pauses, while a hole keeps moving, and drops nothing", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    let offset = 100;
    const hole = (): void => {
      offset += 2;
      const entry = { offset, prev: offset - 1, at: 0, data: '{"type":"x"}' };
      hub.onPublication({ channel: "all", epoch: "other", ...entry });
    };
    scene.onRead = hole;
    hole();
    await scene.clock.advance(10_000);
    expect(scene.reads).toBeLessThan(30);
    scene.onRead = undefined;
    await scene.clock.advance(1_000);
    await scene.publish("a");
    expect(scene.received()).toEqual(["a"]);
  });
});

describe("a replay from the history", () => {
  const resume = async (position: Position): Promise<Replay> => {
    const { hub, connections } = scene;
    const plan = await planReplay(hub, { channel: "all", position });
    const reader = connections.open("back");
    const replay = commitReplay(hub, reader, { plan, budget: replayBudget() });
    pushReplays(reader, [replay]);
    await scene.clock.settle();
    return Object.assign(replay, { received: () => scene.received(reader) });
  };

  it.each([0, 1])("replays nothing when the history has a hole: after %i messages", async (whole) => {
    create();
    const { epoch, offset: off } = await scene.hub.whenSynced("all");
    // More than this node's own newest frames reach back to.
    await scene.publish(...Array.from({ length: 200 }, (_, n) => String(n)));
    scene.rewrite = (read) => ({ ...read, entries: read.entries.filter((_, index) => index !== whole) });
    expect((await resume({ epoch, off })).state).toMatchObject({ recovered: "trimmed" });
  });

  it("replays as far as this node has read, and no message twice when the node catches up", async () => {
    const { hub } = create();
    const { epoch, offset: off } = await hub.whenSynced("all");
    await scene.publish(...Array.from({ length: 200 }, (_, n) => String(n)));
    scene.losesPublications = true;
    await scene.publish("lost");
    scene.losesPublications = false;
    const { state, received } = (await resume({ epoch, off })) as Replay & { received: () => string[] };
    expect(state.recovered).toBe(true);
    await scene.publish("next");
    expect(received()).toEqual([...Array.from({ length: 200 }, (_, n) => String(n)), "lost", "next"]);
  });
});

describe("a replay that was planned before the store began a new epoch", () => {
  it("is a gap, also where the offset is the same", async () => {
    const { hub, connections } = create();
    const channel = await hub.whenSynced("all");
    const position = { epoch: channel.epoch, off: channel.offset };
    const plan = await planReplay(hub, { channel: "all", position });
    expect(canCommit(hub, plan)).toBe(true);
    channel.resetTo("next", channel.offset);
    expect(canCommit(hub, plan)).toBe(false);
    const { state } = commitReplay(hub, connections.open("back"), { plan, budget: replayBudget() });
    expect(state).toEqual({ epoch: "next", off: position.off, recovered: "lost" });
  });
});

describe("ChannelHub without a backplane", () => {
  it("makes subscribers wait while the backplane fails, and loses nothing once it works again", async () => {
    const { hub } = create();
    await scene.read(scene.ada);
    await scene.publish("a");
    scene.isUnavailable = true;
    hub.onInterrupted(["all"]);
    await scene.clock.settle();
    await scene.publish("b");
    await scene.clock.advance(5_000);
    expect(scene.received()).toEqual(["a"]);
    await expect(hub.whenSynced("all")).rejects.toMatchObject({ code: "unavailable" });
    scene.isUnavailable = false;
    await scene.clock.advance(1_000);
    await scene.publish("c");
    expect(scene.received()).toEqual(["b", "c"]);
  });

  it("rejects opening a channel while the backplane fails, and keeps nothing of it", async () => {
    const { hub } = create();
    scene.isUnavailable = true;
    await expect(hub.whenSynced("room:a")).rejects.toMatchObject({ code: "unavailable" });
    expect(hub.size).toBe(0);
    scene.isUnavailable = false;
    await expect(hub.whenSynced("room:a")).resolves.toMatchObject({ name: "room:a" });
  });

  it("follows no channel whose position cannot be read", async () => {
    const { hub } = create();
    scene.rewrite = () => {
      throw new HalyardError("unavailable");
    };
    await expect(hub.whenSynced("room:a")).rejects.toMatchObject({ code: "unavailable" });
    expect(scene.unsubscribed).toEqual(["room:a"]);
  });

  it("stops reading a failed channel once it has no subscriber", async () => {
    const { hub, ada } = create();
    await scene.read(ada);
    scene.isUnavailable = true;
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

describe("ChannelHub on an unused channel", () => {
  it("keeps a channel without subscribers for ten seconds, and then closes it", async () => {
    const { hub, ada } = create();
    await scene.read(ada);
    hub.remove("all", ada);
    await scene.clock.advance(9_999);
    expect(hub.size).toBe(1);
    await scene.clock.advance(1);
    expect(hub.size).toBe(0);
    expect(scene.unsubscribed).toEqual(["all"]);
  });

  it("keeps a channel when a subscriber returns within that time", async () => {
    const { hub, ada } = create();
    await scene.read(ada);
    hub.remove("all", ada);
    await scene.clock.advance(9_000);
    await scene.read(ada);
    await scene.clock.advance(60_000);
    await scene.publish("a");
    expect(scene.received()).toEqual(["a"]);
    expect(scene.unsubscribed).toEqual([]);
  });

  it("closes a channel that was opened and never subscribed to", async () => {
    const { hub } = create();
    const channel = await hub.whenSynced("room:a");
    expect(hub.isCurrent(channel)).toBe(true);
    await scene.clock.advance(10_000);
    expect(hub.isCurrent(channel)).toBe(false);
    expect(hub.size).toBe(0);
  });

  it("opens no channel after it was closed", async () => {
    const { hub } = create();
    hub.close();
    await expect(hub.whenSynced("all")).rejects.toMatchObject({ code: "unavailable" });
  });
});

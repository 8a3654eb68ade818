import type { ResumePosition } from "@halyard/protocol/internal";
import { afterEach, describe, expect, it } from "vitest";
import { HubScene } from "../../test/hub-scene.ts";
import { UnfinishedWelcome } from "../availability/unfinished-welcome.ts";
import type { Connection } from "../connection/connection.ts";
import { PendingRooms } from "../connection/pending-rooms.ts";
import type { EarlierEntry } from "./envelope.ts";
import { encodeEnvelope } from "./envelope.ts";
import { commitReplay, planReplay, pushReplays, replayBudget } from "./replay.ts";

let scene: HubScene;
const create = (): HubScene => (scene = new HubScene());

afterEach(async () => {
  scene.hub.close();
  await scene.backplane.stop();
  expect(scene.clock.timers).toBe(0);
});

/** Publishes the entry of one room, and says where it stands. */
async function publish(type: string, [room, ...after]: string[], before: EarlierEntry[] = []) {
  const rooms = { before, after };
  const json = JSON.stringify({ type });
  const { position } = await scene.hub.publish(`room:${String(room)}`, { json, ephemeral: false, rooms });
  await scene.clock.settle();
  return { room: String(room), ...position };
}

/** Joins a room from its present position on, or from an earlier one. */
async function join(
  connection: Connection,
  room: string,
  position?: ResumePosition,
  budget = replayBudget(),
) {
  const plan = await planReplay(scene.hub, { channel: `room:${room}`, position });
  const replay = commitReplay(scene.hub, connection, { plan, budget });
  pushReplays(connection, [replay]);
  return replay.state;
}

describe("a message to several rooms", () => {
  it("comes in the later room to a connection that joined the earlier one in between, and to no connection twice [s-P4]", async () => {
    const { ada, connections } = create();
    const bea = connections.open("bea");
    await join(ada, "b");
    for (const room of ["a", "b"]) await join(bea, room);
    const first = await publish("m", ["a", "b"]);
    await join(ada, "a");
    await publish("m", ["b"], [first]);
    expect(scene.received()).toEqual(["m"]);
    expect(scene.received(bea)).toEqual(["m", "skip"]);
  });

  it("does not come again to a connection that left the earlier room in between, nor to one that left and joined it [s-P4]", async () => {
    const { ada, connections, hub } = create();
    const bea = connections.open("bea");
    for (const each of [ada, bea]) for (const room of ["a", "b"]) await join(each, room);
    const first = await publish("m", ["a", "b"]);
    for (const each of [ada, bea]) hub.remove("room:a", each);
    await join(bea, "a");
    await publish("m", ["b"], [first]);
    expect(scene.received()).toEqual(["m", "skip"]);
    expect(scene.received(bea)).toEqual(["m", "skip"]);
  });

  it("comes in the later room where the earlier one goes on behind a gap, and not where it is replayed [s-P4]", async () => {
    const { connections } = create();
    const [bea, cay] = [connections.open("bea"), connections.open("cay")];
    const [a, b] = [await join(bea, "a"), await join(bea, "b")];
    await publish("m", ["b"], [await publish("m", ["a", "b"])]);
    expect(scene.received(bea)).toEqual(["m", "skip"]);
    await join(cay, "a", { ...a, epoch: "lost" });
    await join(cay, "b", b);
    expect(scene.received(cay)).toEqual(["m"]);
    const dan = connections.open("dan");
    await join(dan, "a", a);
    await join(dan, "b", b);
    expect(scene.received(dan)).toEqual(["m", "skip"]);
  });

  it("does not come again where the earlier room, in which it was read, goes on behind a gap [s-P4]", async () => {
    const { connections } = create();
    const [bea, cay, dan] = ["bea", "cay", "dan"].map((name) => connections.open(name)) as [
      Connection,
      Connection,
      Connection,
    ];
    const [a, b] = [await join(bea, "a"), await join(bea, "b")];
    const first = await publish("m", ["a", "b"]);
    await publish("m", ["b"], [first]);
    await publish("next", ["a"]);
    // Both were cut off before they had read of the other room. One has read the message, and the other has not.
    for (const [connection, off] of [
      [cay, first.off],
      [dan, a.off],
    ] as const) {
      await join(connection, "a", { epoch: a.epoch, off: Number(off) }, { messages: 0, bytes: 0 });
      await join(connection, "b", b);
    }
    expect([scene.received(cay), scene.received(dan)]).toEqual([["skip"], ["m"]]);
  });

  it("comes in the later room to a client that joined the earlier one after it, and was cut off before the later one [s-P4]", async () => {
    const { ada, clock, connections } = create();
    const b = await join(ada, "b");
    const first = await publish("m", ["a", "b"]);
    await publish("m", ["b"], [first]);
    await publish("next", ["a"]);
    const a = await join(connections.open("dan"), "a");
    const [bea, cay] = [connections.open("bea"), connections.open("cay")];
    const joined = { epoch: a.epoch, off: a.off, since: a.off };
    await join(bea, "a", joined);
    // As long as a room is pending, it is known since when the others are read.
    bea.pendingRooms = new PendingRooms();
    bea.pendingRooms.add("b", { position: b });
    await clock.advance(60_000);
    bea.pendingRooms.settle("b");
    await join(bea, "b", b);
    cay.pendingRooms = new PendingRooms();
    cay.pendingRooms.add("a", { position: joined });
    await join(cay, "b", b);
    expect([scene.received(bea), scene.received(cay)]).toEqual([["m"], ["m"]]);
    await clock.advance(30_000);
  });

  it("comes in the later room where the earlier entry is of a store that is lost [s-P4]", async () => {
    const { ada } = create();
    for (const room of ["a", "b"]) await join(ada, room);
    await publish("m", ["b"], [{ room: "a", epoch: "lost", off: 1 }]);
    expect(scene.received()).toEqual(["m"]);
  });

  /** What a store that has begun a new epoch publishes, as another node that has it already. */
  const publishNew = (room: string, offset: number, rooms: { before: EarlierEntry[]; after: string[] }) => {
    const data = encodeEnvelope({ json: JSON.stringify({ type: "m" }), rooms });
    const place = { channel: `room:${room}`, epoch: "new", offset, prev: offset - 1, at: 0 };
    scene.hub.onPublication({ ...place, data });
    return scene.clock.settle();
  };

  it("comes once to a connection that joined its rooms just before the store began a new epoch [s-P4]", async () => {
    const { ada } = create();
    for (const room of ["a", "b"]) await join(ada, room);
    scene.rewrite = () => ({ epoch: "new", top: 4, entries: [] });
    for (const room of ["a", "b"]) await publishNew(room, 4, { before: [], after: [] });
    expect(scene.received()).toEqual(["gap lost", "gap lost"]);
    await publishNew("a", 5, { before: [], after: ["b"] });
    await publishNew("b", 5, { before: [{ room: "a", epoch: "new", off: 5 }], after: [] });
    expect(scene.received()).toEqual(["m", "skip"]);
  });

  it("is replayed once to a connection that is the first on its node in the rooms [s-P4]", async () => {
    const { ada, connections, hub } = create();
    const [a, b] = [await join(ada, "a"), await join(ada, "b")];
    await publish("m", ["b"], [await publish("m", ["a", "b"])]);
    for (const room of ["a", "b"]) hub.remove(`room:${room}`, ada);
    await scene.clock.advance(30_000);
    const bea = connections.open("bea");
    await join(bea, "a", a);
    await join(bea, "b", b);
    expect(scene.received(bea)).toEqual(["m", "skip"]);
  });

  it("comes in the later room, however late, to a connection that joined the earlier one in between, and again to none [s-P4]", async () => {
    const { ada, clock, connections, hub } = create();
    const [bea, cay] = [connections.open("bea"), connections.open("cay")];
    for (const room of ["a", "b"]) for (const each of [bea, cay]) await join(each, room);
    await join(ada, "b");
    const first = await publish("m", ["a", "b"]);
    await join(ada, "a");
    hub.remove("room:a", cay);
    await clock.advance(290_000);
    await publish("m", ["b"], [first]);
    expect([ada, bea, cay].map((each) => scene.received(each))).toEqual([
      ["m"],
      ["m", "skip"],
      ["m", "skip"],
    ]);
  });

  it("comes in the later room to a connection that joined the earlier one in between, and whose right to it was asked for again [s-P4]", async () => {
    const { ada, hub } = create();
    await join(ada, "b");
    const first = await publish("m", ["a", "b"]);
    await join(ada, "a");
    const position = hub.withdraw("room:a", ada);
    ada.withheld = new Map([["room:a", position ?? expect.fail()]]);
    await publish("m", ["b"], [first]);
    ada.withheld = undefined;
    await join(ada, "a", position);
    await publish("n", ["b"], [first]);
    expect(scene.received()).toEqual(["m", "n"]);
  });

  it("is known of no more than 100 rooms that a connection has left [s-P4]", async () => {
    const { ada, hub } = create();
    const names = Array.from({ length: 101 }, (_, index) => `a${String(index)}`);
    await join(ada, "b");
    const entries = [];
    for (const name of names) {
      await join(ada, name);
      entries.push(await publish("m", [name]));
      hub.remove(`room:${name}`, ada);
    }
    scene.received();
    for (const entry of [entries[0], entries[1], entries[100]])
      await publish("m", ["b"], [entry ?? expect.fail()]);
    expect(scene.received()).toEqual(["m", "skip", "skip"]);
  });

  it("is known for 5 min in a room that was left, and no timer remains of joins and leaves [s-P4]", async () => {
    const { ada, clock, hub } = create();
    const before = clock.timers;
    await join(ada, "a");
    hub.remove("room:a", ada);
    await clock.advance(300_000);
    expect(clock.timers).toBe(before);
  });

  it("keeps nothing of a connection that has left its rooms and closed while it was to read more", async () => {
    const { ada, clock, hub } = create();
    const before = clock.timers;
    await join(ada, "a");
    hub.remove("room:a", ada);
    ada.unfinished = new UnfinishedWelcome();
    ada.stage = "closed";
    await clock.advance(300_000);
    expect(clock.timers).toBe(before);
  });
});

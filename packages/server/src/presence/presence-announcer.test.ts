import { afterEach, describe, expect, it, vi } from "vitest";
import { PresenceScene as Scene } from "../../test/presence-scene.ts";
import type { Connection } from "../connection/connection.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function sceneWith(...users: string[]): Promise<{ scene: Scene; reader: Connection }> {
  const scene = new Scene();
  await scene.filled(...users);
  const reader = await scene.reader("1");
  await scene.clock.advance(1_000);
  scene.received(reader);
  return { scene, reader };
}

const users = (count: number): string[] => Array.from({ length: count }, (_, n) => `u${String(n)}`);

describe("changes of states", () => {
  it("are sent at once, and then the latest of each user every 50 ms", async () => {
    const { scene, reader } = await sceneWith("ada", "bea");
    scene.show("ada", { x: 0 });
    expect(scene.received(reader)).toEqual(['joined ada{"x":0} of 2']);
    for (let x = 1; x <= 5; x++) scene.show("ada", { x });
    scene.show("bea", { y: 1 });
    await scene.clock.advance(49);
    expect(scene.received(reader)).toEqual([]);
    await scene.clock.advance(1);
    expect(scene.received(reader)).toEqual(['joined ada{"x":5},bea{"y":1} of 2']);
    await scene.clock.advance(50);
    scene.show("ada", undefined);
    expect(scene.received(reader)).toEqual(["joined ada of 2"]);
  });

  it("do not wait for the batch of joins and leaves, nor that for them", async () => {
    const { scene, reader } = await sceneWith("ada");
    scene.join("bea");
    scene.join("cleo");
    expect(scene.received(reader)).toEqual(["joined bea of 2"]);
    scene.show("ada", { x: 1 });
    expect(scene.received(reader)).toEqual(['joined ada{"x":1} of 3']);
    await scene.clock.advance(100);
    expect(scene.received(reader)).toEqual(["joined cleo of 3"]);
  });

  it("go with the join that waits, and end with a leave", async () => {
    const { scene, reader } = await sceneWith("ada");
    scene.join("bea");
    scene.join("cleo");
    scene.show("cleo", { x: 1 });
    scene.show("ada", { x: 1 });
    scene.show("ada", { x: 2 });
    scene.leave("ada");
    scene.received(reader);
    await scene.clock.advance(200);
    expect(scene.received(reader)).toEqual(["left ada of 2", 'joined cleo{"x":1} of 2']);
  });

  it("are never older than what a list has said", async () => {
    const { scene, reader } = await sceneWith("ada");
    scene.show("ada", { x: 1 });
    scene.show("ada", { x: 2 });
    const late = await scene.reader("2");
    expect(scene.received(late)).toEqual(['list ada{"x":2} of 1']);
    scene.received(reader);
    scene.show("ada", { x: 3 });
    await scene.clock.advance(500);
    for (const each of [reader, late]) expect(scene.received(each).at(-1)).toBe('joined ada{"x":3} of 1');
  });

  it("that were lost come as a list, to every reader", async () => {
    const { scene, reader } = await sceneWith("ada");
    scene.delaysEvents = true;
    scene.show("ada", { x: 1 });
    scene.loseEvents();
    scene.interrupt();
    await scene.clock.advance(1_000);
    expect(scene.received(reader)).toEqual(['list ada{"x":1} of 1']);
  });

  it("leave no timer behind", async () => {
    const { scene } = await sceneWith("ada");
    scene.show("ada", { x: 1 });
    scene.show("ada", { x: 2 });
    scene.view.close();
    expect(scene.clock.timers).toBe(0);
  });
});

describe("a list", () => {
  it("has the states of its first 50 users", async () => {
    const scene = new Scene();
    for (const user of users(60)) {
      scene.join(user);
      scene.show(user, { x: 1 });
    }
    await scene.clock.advance(1_000);
    const [list = ""] = scene.received(await scene.reader("1"));
    expect(list.match(/\{"x":1\}/g)).toHaveLength(50);
    expect(list).toContain('u49{"x":1},u50,u51');
  });

  it("has none above the users up to whom states are announced, and then no change is sent", async () => {
    const { scene, reader } = await sceneWith(...users(300));
    scene.show("u0", { x: 1 });
    expect(scene.received(reader)).toEqual(['joined u0{"x":1} of 300']);
    scene.join("u300");
    await scene.clock.advance(1_000);
    expect(scene.received(reader)).toEqual([expect.stringMatching(/^list u0,u1,.* of 301$/)]);
    scene.show("u0", { x: 2 });
    await scene.clock.advance(1_000);
    expect(scene.received(reader)).toEqual([]);
    scene.leave("u300");
    await scene.clock.advance(1_000);
    expect(scene.received(reader)).toEqual([expect.stringMatching(/^list u0\{"x":2\},u1,.* of 300$/)]);
  });
});

describe("a reader that is slow", () => {
  it("is sent no changes of states, and a fresh list once it reads again", async () => {
    const { scene, reader } = await sceneWith("ada");
    const quick = await scene.reader("2");
    scene.received(quick);
    const socket = scene.connections.socketOf(reader);
    socket.bufferedAmount = 300_000;
    for (let x = 1; x <= 10; x++) {
      scene.show("ada", { x });
      await scene.clock.advance(50);
    }
    scene.join("bea");
    expect(scene.received(reader)).toEqual(["joined bea of 2"]);
    expect(scene.received(quick)).toHaveLength(11);
    await scene.clock.advance(2_000);
    expect(scene.received(reader)).toEqual([]);
    socket.bufferedAmount = 0;
    await scene.clock.advance(1_000);
    expect(scene.received(reader)).toEqual(['list ada{"x":10},bea of 2']);
    scene.show("bea", { x: 1 });
    expect(scene.received(reader)).toEqual(['joined bea{"x":1} of 2']);
    expect(scene.connections.writer.dropped).toBe(0);
  });

  it("is forgotten when it leaves", async () => {
    const { scene, reader } = await sceneWith("ada");
    scene.connections.socketOf(reader).bufferedAmount = 300_000;
    scene.show("ada", { x: 1 });
    scene.connections.clock.flush();
    scene.view.remove(reader);
    await scene.clock.advance(1_000);
    expect(scene.clock.timers).toBe(0);
  });
});

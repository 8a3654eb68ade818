import { describe, expect, it } from "vitest";
import { PresenceScene as Scene } from "../../test/presence-scene.ts";
import type { Connection } from "../connection/connection.ts";

describe("PresenceView of more than 500 users", () => {
  async function hall(): Promise<{ scene: Scene; reader: Connection }> {
    const scene = new Scene();
    await scene.filled(...Array.from({ length: 500 }, (_, n) => `u${String(n)}`));
    const reader = await scene.reader("1");
    await scene.clock.advance(10_000);
    scene.received(reader);
    return { scene, reader };
  }

  it("sends totals only above 500 users, at most every two seconds, and always the last one", async () => {
    const { scene, reader } = await hall();
    for (let n = 0; n < 25; n++) {
      scene.join(`late${String(n)}`);
      await scene.clock.advance(100);
    }
    expect(scene.received(reader)).toEqual(["joined  of 501", "joined  of 520"]);
    await scene.clock.advance(2_000);
    expect(scene.received(reader)).toEqual(["joined  of 525"]);
    await scene.clock.advance(10_000);
    expect(scene.received(reader)).toEqual([]);
  });

  it("sends a new subscriber the list above 500 users, and a new list to all at 500 again", async () => {
    const { scene } = await hall();
    scene.join("late");
    await scene.clock.advance(10);
    scene.join("later");
    const newcomer = scene.connections.open("2");
    scene.view.add(newcomer);
    await scene.clock.advance(200);
    expect(scene.received(newcomer)).toEqual([expect.stringMatching(/^list u0,.* of 502$/)]);
    await scene.clock.advance(5_000);
    expect(scene.received(newcomer)).toEqual(["joined  of 502"]);
    for (const user of ["u0", "u1"]) scene.leave(user);
    await scene.clock.advance(5_000);
    expect(scene.received(newcomer).at(-1)).toMatch(/^list u2,.* of 500$/);
  });

  it("sends a new subscriber a list that is at most two seconds old, and then the latest total", async () => {
    const { scene } = await hall();
    for (const user of ["late", "later", "latest"]) scene.join(user);
    await scene.clock.advance(60_000);
    const second = scene.connections.open("2");
    scene.view.add(second);
    await scene.clock.advance(200);
    scene.leave("u0");
    await scene.clock.advance(60_000);
    scene.received(second);
    const third = scene.connections.open("3");
    scene.view.add(third);
    await scene.clock.advance(200);
    expect(scene.received(third)).toEqual([expect.stringMatching(/^list u1,.* of 502$/)]);
    scene.join("last");
    await scene.clock.advance(100);
    const fourth = scene.connections.open("4");
    scene.view.add(fourth);
    await scene.clock.advance(5_000);
    expect(scene.received(fourth)).toEqual([expect.stringMatching(/^list u1,.* of 502$/), "joined  of 503"]);
  });

  it("sends no list of many users after all of them have left without a subscriber", async () => {
    const { scene, reader } = await hall();
    for (const user of ["late", "later"]) scene.join(user);
    await scene.clock.advance(5_000);
    scene.view.add(reader);
    await scene.clock.advance(5_000);
    scene.view.remove(reader);
    for (let n = 0; n < 500; n++) scene.leave(`u${String(n)}`);
    await scene.clock.advance(60_000);
    const next = scene.connections.open("2");
    scene.view.add(next);
    await scene.clock.advance(5_000);
    expect(scene.received(next)).toEqual(["list late,later of 2"]);
  });

  it("sends the list to every subscriber when it is 500 users again, and then the changes", async () => {
    const { scene, reader } = await hall();
    scene.join("late");
    await scene.clock.advance(5_000);
    scene.leave("u0");
    await scene.clock.advance(5_000);
    const [total, list] = scene.received(reader);
    expect(total).toBe("joined  of 501");
    expect(list).toMatch(/^list u1,u2,.* of 500$/);
    scene.leave("u1");
    await scene.clock.advance(100);
    expect(scene.received(reader)).toEqual(["left u1 of 499"]);
  });

  it("sends that list also when all later changes come while it is read", async () => {
    const { scene, reader } = await hall();
    scene.join("late");
    await scene.clock.advance(5_000);
    scene.received(reader);
    scene.delaysEvents = true;
    for (const user of ["u0", "u1", "u2"]) scene.leave(user);
    // The first event starts the read, and the page holds the other ones.
    scene.deliverEvents();
    await scene.clock.advance(5_000);
    expect(scene.received(reader)).toEqual([expect.stringMatching(/^list u3,u4,.* of 498$/)]);
  });
});

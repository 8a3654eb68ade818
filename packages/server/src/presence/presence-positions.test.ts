import { describe, expect, it } from "vitest";
import { PresenceScene as Scene } from "../../test/presence-scene.ts";

describe("PresenceView on a roster whose pages and events come late", () => {
  it("tells the old subscribers of what a page holds before it sends the page, and the new ones of nothing twice", async () => {
    const scene = new Scene();
    const earlier = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.join("bea");
    await scene.clock.advance(1_000);
    scene.received(earlier);
    scene.delaysEvents = true;
    scene.join("ada");
    const newcomer = await scene.reader("2");
    await scene.clock.advance(500);
    expect([scene.received(earlier), scene.received(newcomer)]).toEqual([[], []]);
    scene.deliverEvents();
    await scene.clock.advance(500);
    expect(scene.received(earlier)).toEqual(["joined ada of 2"]);
    expect(scene.received(newcomer)).toEqual(["list bea,ada of 2"]);
  });

  it("tells a new subscriber of what came after its page, although it came before the page did", async () => {
    const scene = new Scene();
    const earlier = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.received(earlier);
    scene.held = [];
    const newcomer = await scene.reader("2");
    scene.join("ada");
    await scene.clock.advance(500);
    for (const release of scene.held.splice(0)) release();
    await scene.clock.advance(500);
    expect(scene.received(newcomer)).toEqual(["list  of 0", "joined ada of 1"]);
    expect(scene.received(earlier)).toEqual(["joined ada of 1"]);
  });

  it("sends every subscriber the list after an interruption, if an event was missed", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.received(reader);
    scene.interrupt();
    await scene.clock.advance(500);
    expect(scene.received(reader)).toEqual([]);
    scene.delaysEvents = true;
    scene.join("ada");
    scene.interrupt();
    await scene.clock.advance(500);
    scene.deliverEvents();
    await scene.clock.advance(500);
    expect(scene.received(reader)).toEqual(["list ada of 1"]);
  });

  it("sends every subscriber the list where an event follows the ones that an interruption has lost", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.received(reader);
    scene.delaysEvents = true;
    scene.join("ada");
    scene.loseEvents();
    scene.view.interrupted();
    scene.join("bea");
    scene.view.relist();
    await scene.clock.advance(500);
    expect(scene.received(reader)).toEqual(["list ada,bea of 2"]);
  });

  it("never says that a user left of whose join the subscribers have not heard", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.received(reader);
    scene.delaysEvents = true;
    scene.join("ada");
    scene.loseEvents();
    scene.view.interrupted();
    scene.leave("ada");
    await scene.clock.advance(500);
    expect(scene.received(reader)).toEqual([]);
    scene.view.relist();
    await scene.clock.advance(500);
    expect(scene.received(reader)).toEqual(["list  of 0"]);
    scene.join("bea");
    await scene.clock.settle();
    expect(scene.received(reader)).toEqual(["joined bea of 1"]);
  });

  it("reads a page again that was read before an interruption", async () => {
    const scene = new Scene();
    const reader = await scene.reader("1");
    await scene.filled("cleo");
    scene.received(reader);
    scene.held = [];
    const newcomer = await scene.reader("2");
    scene.delaysEvents = true;
    scene.join("ada");
    scene.loseEvents();
    scene.interrupt();
    for (const release of scene.held.splice(0)) release();
    scene.held = undefined;
    await scene.clock.advance(500);
    expect(scene.received(newcomer)).toEqual(["list cleo,ada of 2"]);
    expect(scene.received(reader)).toEqual(["list cleo,ada of 2"]);
  });

  it("sends the list after two seconds when the events of a page never come", async () => {
    const scene = new Scene();
    const earlier = await scene.reader("1");
    await scene.clock.advance(1_000);
    scene.join("bea");
    await scene.clock.advance(1_000);
    scene.received(earlier);
    scene.delaysEvents = true;
    scene.join("ada");
    const newcomer = await scene.reader("2");
    await scene.clock.advance(3_000);
    const list = "list bea,ada of 2";
    expect([scene.received(earlier), scene.received(newcomer)]).toEqual([[list], [list]]);
  });
});

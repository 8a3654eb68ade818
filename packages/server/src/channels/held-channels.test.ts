import { afterEach, describe, expect, it } from "vitest";
import { HubScene } from "../../test/hub-scene.ts";

let scene: HubScene;
afterEach(async () => {
  scene.hub.close();
  await scene.backplane.stop();
  expect(scene.clock.timers).toBe(0);
});

/** Two subscribers of a node that checks their rights. */
async function hold() {
  scene = new HubScene();
  const { ada, connections, hub } = scene;
  const bea = connections.open("bea");
  for (const each of [ada, bea]) await scene.read(each);
  await scene.publish("a");
  let check = (): void => {};
  const checked = new Promise<void>((resolve) => (check = resolve));
  const received = (): unknown => [scene.received(), scene.received(bea)];
  return { bea, check, held: hub.holdUntil(checked), hub, received };
}

describe("the channels of a node that was cut off", () => {
  it("deliver nothing while rights are checked, and then all of it to those who may still read", async () => {
    const { bea, check, held, hub, received } = await hold();
    const heldAgain = hub.holdUntil(held);
    await scene.publish("b");
    await hub.publish("all", { json: '{"type":"c"}', ephemeral: true });
    // A client that resumes reads the position again, and does not make the others read on.
    const refreshed = hub.refresh(await hub.whenSynced("all"));
    await scene.clock.advance(5_000);
    expect(received()).toEqual([["a"], ["a"]]);
    hub.remove("all", bea);
    check();
    await Promise.all([held, heldAgain, refreshed]);
    await scene.publish("d");
    expect(received()).toEqual([["b", "d"], []]);
  });

  it("deliver nothing of a read that was under way when the check began", async () => {
    scene = new HubScene();
    const { ada, connections, hub } = scene;
    const bea = connections.open("bea");
    for (const each of [ada, bea]) await scene.read(each);
    let check = (): void => {};
    let held: Promise<void> | undefined;
    scene.onRead = () => {
      held ??= hub.holdUntil(new Promise<void>((resolve) => (check = resolve)));
    };
    scene.losesPublications = true;
    await scene.publish("a");
    scene.losesPublications = false;
    await scene.publish("b");
    await scene.clock.advance(5_000);
    expect([scene.received(), scene.received(bea)]).toEqual([[], []]);
    hub.remove("all", bea);
    check();
    await held;
    await scene.publish("c");
    expect([scene.received(), scene.received(bea)]).toEqual([["a", "b", "c"], []]);
  });

  it("deliver again after ten seconds where no check answers", async () => {
    const { received } = await hold();
    await scene.publish("b");
    await scene.clock.advance(9_999);
    expect(received()).toEqual([["a"], ["a"]]);
    await scene.clock.advance(1);
    expect(received()).toEqual([["b"], ["b"]]);
  });
});

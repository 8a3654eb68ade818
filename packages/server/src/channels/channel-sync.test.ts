import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HubScene as Scene } from "../../test/hub-scene.ts";
import { Channel } from "./channel.ts";

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(async () => {
  vi.restoreAllMocks();
  scene.hub.close();
  await scene.backplane.stop();
});

describe("a message of a store that is gone, which came before a read", () => {
  /** @returns how many reads it costs in ten seconds, and what came then */
  async function afterGhost(): Promise<readonly [reads: number, received: readonly string[]]> {
    const { hub } = scene;
    await scene.read(scene.ada);
    const before = scene.reads;
    hub.onPublication({ channel: "all", epoch: "gone", offset: 9e9, prev: 1, at: 0, data: '{"type":"x"}' });
    await scene.clock.advance(10_000);
    const reads = scene.reads - before;
    await scene.publish("a");
    return [reads, scene.received()];
  }

  it("is dropped by the next read, which says where the channel stands", async () => {
    expect(await afterGhost()).toEqual([2, ["a"]]);
  });

  it("would be read for again and again if no read dropped it, and nothing would be delivered", async () => {
    const set = Object.getOwnPropertyDescriptor(Channel.prototype, "buffer")?.set;
    vi.spyOn(Channel.prototype, "buffer", "set").mockImplementation(function (this: Channel, buffer) {
      if (buffer !== undefined || this.status !== "syncing") set?.call(this, buffer);
    });
    const [reads, received] = await afterGhost();
    expect([reads > 5, received]).toEqual([true, []]);
    scene.hub.close();
    await scene.clock.advance(1_000);
  });
});

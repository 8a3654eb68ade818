import { describe, expect, it } from "vitest";
import { describeBackplane } from "../../test/backplane-suite.ts";
import { Node } from "../../test/backplane-suite/node.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { createMemoryBackplane } from "./memory-backplane.ts";

describeBackplane(
  "memory",
  () => {
    const clock = new FakeClock();
    return {
      node: () => createMemoryBackplane({ clock }),
      advance: (ms) => clock.advance(ms),
      settle: () => clock.settle(),
      close: () => {
        expect(clock.timers).toBe(0);
        return Promise.resolve();
      },
    };
  },
  { isShared: false },
);

describe("the memory backplane", () => {
  it("delivers in the turn in which it is told to publish", async () => {
    const node = new Node(createMemoryBackplane({ clock: new FakeClock() }));
    await node.backplane.start(node);
    await node.backplane.subscribe("all");
    void node.publish("all", '"a"');
    expect(node.texts("all")).toEqual(['"a"']);
    await node.backplane.stop();
  });

  it("begins anew with another epoch", () => {
    const clock = new FakeClock();
    const read = (): Promise<{ epoch: string }> =>
      createMemoryBackplane({ clock }).read("all", { after: 0, limit: 1 });
    return expect(
      Promise.all([read(), read()]).then((both) => new Set(both.map(({ epoch }) => epoch)).size),
    ).resolves.toBe(2);
  });

  it("never gives an offset twice, also to a channel that it had forgotten", async () => {
    const clock = new FakeClock();
    const node = new Node(createMemoryBackplane({ clock }));
    await node.backplane.start(node);
    const first = await node.publish("room:a", '"a"');
    await clock.advance(20 * 60_000);
    const second = await node.publish("room:a", '"b"');
    expect(second.position?.off).toBeGreaterThan(first.position?.off ?? Infinity);
    await node.backplane.stop();
  });
});

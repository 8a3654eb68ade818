import { describe, expect, it, onTestFinished, vi } from "vitest";
import { describeBackplane } from "../../test/backplane-suite.ts";
import { Node } from "../../test/backplane-suite/node.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { silentLogger } from "../logger.ts";
import { applyKillSwitches, readKillSwitches } from "../utils/kill-switches.ts";
import { createMemoryBackplane } from "./memory-backplane.ts";
import { RequestResultCache } from "./request-result-cache.ts";

describe.each([
  ["on", true],
  ["off", false],
])("With the result cache switched %s:", (_, usesResultCache) => {
  describeBackplane(
    "memory",
    () => {
      const clock = new FakeClock();
      return {
        node: () => Object.assign(createMemoryBackplane({ clock }), { usesResultCache }),
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
});

describe("MemoryBackplane", () => {
  it("delivers a publication in the turn of the call to publish", async () => {
    const node = new Node(createMemoryBackplane({ clock: new FakeClock() }));
    await node.backplane.start(node);
    await node.backplane.subscribe("all");
    void node.publish("all", '"a"');
    expect(node.texts("all")).toEqual(['"a"']);
    await node.backplane.stop();
  });

  it("starts with a new epoch each time it is created", () => {
    const clock = new FakeClock();
    const read = (): Promise<{ epoch: string }> =>
      createMemoryBackplane({ clock }).read("all", { after: 0, limit: 1 });
    return expect(
      Promise.all([read(), read()]).then((both) => new Set(both.map(({ epoch }) => epoch)).size),
    ).resolves.toBe(2);
  });

  it("never reuses an offset, also for a channel whose log was dropped", async () => {
    const clock = new FakeClock();
    const node = new Node(createMemoryBackplane({ clock }));
    await node.backplane.start(node);
    const first = await node.publish("room:a", '"a"');
    await clock.advance(20 * 60_000);
    const second = await node.publish("room:a", '"b"');
    expect(second.position?.off).toBeGreaterThan(first.position?.off ?? Infinity);
    await node.backplane.stop();
  });

  it.each([
    ["uses", true],
    ["does not use", false],
  ])("%s the result cache when usesResultCache is %s", async (_, usesResultCache) => {
    const begin = vi.spyOn(RequestResultCache.prototype, "begin");
    onTestFinished(() => begin.mockRestore());
    const backplane = Object.assign(createMemoryBackplane({ clock: new FakeClock() }), { usesResultCache });
    const work = { ref: { user: "ada", client: "c" }, key: "r1", digest: 1 };
    expect(await backplane.begin(work)).toEqual({ state: "run" });
    await backplane.settle(work, "a");
    expect(await backplane.begin(work)).toEqual({ state: "done", result: "a" });
    expect(begin).toHaveBeenCalledTimes(usesResultCache ? 1 : 0);
  });

  it("uses the result cache until HALYARD_RESULT_CACHE=off is applied", () => {
    const backplane = createMemoryBackplane();
    expect(backplane).toHaveProperty("usesResultCache", true);
    const switches = readKillSwitches({ HALYARD_RESULT_CACHE: "off" });
    applyKillSwitches(switches, { writer: {}, backplane, logger: silentLogger });
    expect(backplane).toHaveProperty("usesResultCache", false);
  });
});

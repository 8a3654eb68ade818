import { createWebSocketSystem } from "@halyard/server";
import { describe, expect, it } from "vitest";
import { Node } from "../../../server/test/backplane-suite/node.ts";
import { createTestClock } from "../clock/test-clock.ts";
import { createTestNetwork } from "../network/test-network.ts";
import { createSharedBackplane } from "./shared-backplane.ts";

/** Nodes `a` and `b` on one store, both subscribed to `all`. */
async function createScene() {
  const clock = createTestClock();
  const shared = createSharedBackplane({ clock });
  const [a, b] = [new Node(shared.node("a")), new Node(shared.node("b"))];
  const starting = Promise.all([a.backplane.start(a), b.backplane.start(b)]);
  await clock.advance(0);
  await starting;
  await Promise.all([a.backplane.subscribe("all"), b.backplane.subscribe("all")]);
  return { clock, shared, a, b };
}

describe("a shared backplane with one fault after another", () => {
  it.each(["kill", "partition"] as const)(
    "loses what a frozen node sent and was to receive when a %s follows",
    async (fault) => {
      const { clock, shared, a, b } = await createScene();
      shared.freeze("b");
      b.publish("all", '"from b"').catch(() => {});
      await a.publish("all", '"to b"');
      await clock.advance(10);
      shared[fault]("b");
      await clock.advance(10);
      expect([a.texts("all"), b.texts("all")]).toEqual([['"to b"'], []]);
    },
  );

  it("tells a node that was cut off and then frozen that it was interrupted, before anything that comes", async () => {
    const { clock, shared, a, b } = await createScene();
    shared.partition("a");
    await b.publish("all", '"missed"');
    shared.freeze("a");
    await b.publish("all", '"held"');
    await clock.advance(10);
    const heard: string[] = [];
    a.onInterrupted = () => heard.push("interrupted");
    a.onPublication = ({ data }) => heard.push(data);
    shared.heal();
    expect(heard).toEqual(["interrupted", '"held"']);
    shared.heal();
    expect(heard).toHaveLength(2);
  });

  it("interrupts no node that was cut off and then killed", async () => {
    const { clock, shared, a } = await createScene();
    shared.partition("a");
    shared.kill("a");
    shared.heal();
    await clock.advance(10_000);
    expect(a.interrupted).toEqual([]);
  });

  it("leaves no rejection when a node stops that was given up, and is cut off again before it has a new lease", async () => {
    for (let turns = 0; turns < 6; turns++) {
      const { clock, shared, a } = await createScene();
      shared.partition("a");
      await clock.advance(12_000);
      const op = { op: "+", room: undefined, user: "ada", connectionId: "a.1", profile: "{}" } as const;
      a.backplane.applyPresence([op]).catch(() => {});
      for (let turn = 0; turn < 3; turn++) await Promise.resolve();
      shared.heal();
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      shared.partition("a");
      const stopping = a.backplane.stop();
      await clock.advance(20_000);
      await stopping;
    }
  });

  it("gives no node up for a time without any beat, also where a new node is the first to come after it", async () => {
    const { clock, shared, a } = await createScene();
    const op = { op: "+", room: undefined, user: "ada", connectionId: "a.1", profile: "{}" } as const;
    const applied = a.backplane.applyPresence([op]);
    await clock.advance(10);
    await applied;
    shared.partition("a", "b");
    await clock.advance(12_000);
    const c = new Node(shared.node("c"));
    const starting = c.backplane.start(c);
    const nodes = c.backplane.nodes();
    await clock.advance(3_000);
    await starting;
    expect(await nodes).toEqual(["a", "b", "c"]);
    shared.heal();
    await clock.advance(10_000);
    expect(c.transitions(undefined)).toEqual([]);
  });

  it("applies no change of presence a second time behind the next one", async () => {
    for (const seed of [10, 41]) {
      const clock = createTestClock();
      const shared = createSharedBackplane({ clock, seed, doubledCalls: 1, latencyMs: { min: 1, max: 200 } });
      const a = new Node(shared.node("a"));
      const started = a.backplane.start(a);
      await clock.advance(1_000);
      await started;
      const key = { room: undefined, user: "ada", connectionId: "a.1" } as const;
      const opened = a.backplane.applyPresence([{ op: "+", profile: "{}", ...key }]);
      void opened.then(() => a.backplane.applyPresence([{ op: "-", graceMs: 0, ...key }]));
      await clock.advance(3_000);
      const page = a.backplane.roster(undefined, { cursor: undefined, limit: 10 });
      await clock.advance(1_000);
      expect([a.transitions(undefined), await page]).toMatchObject([["+ada", "-ada"], { total: 0 }]);
    }
  });

  it("goes back a second time, although a call in between was refused", async () => {
    const { clock, shared, a } = await createScene();
    const attempts = {};
    await a.publish("all", '"stored"', { attempts });
    shared.rewind(0);
    await expect(a.publish("all", '"stored"', { attempts })).rejects.toMatchObject({ code: "unavailable" });
    await clock.advance(1_000);
    shared.rewind(500);
    const { entries } = await a.backplane.read("all", { after: 0, limit: 10 });
    expect(entries.map(({ data }) => data)).toEqual(['"stored"']);
  });

  it("lets the system of a killed node close", async () => {
    const clock = createTestClock();
    const shared = createSharedBackplane({ clock });
    const system = createWebSocketSystem({ clock, backplane: shared.node("a") });
    const network = createTestNetwork(system, { clock });
    await network.connect({ id: "ada" });
    shared.kill("a");
    let isClosed = false;
    void system.manager.close().then(() => (isClosed = true));
    await network.advance(30_000);
    expect(isClosed).toBe(true);
  });
});

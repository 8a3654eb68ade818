import { describe, expect, it } from "vitest";
import { describeBackplane } from "../../../server/test/backplane-suite.ts";
import { HISTORY, Node } from "../../../server/test/backplane-suite/node.ts";
import { createTestClock } from "../clock/test-clock.ts";
import { createRandom } from "../utils/random.ts";
import { createSharedBackplane } from "./shared-backplane.ts";
import type { SharedBackplaneOptions } from "./shared-backplane.ts";

describeBackplane(
  "shared",
  () => {
    const clock = createTestClock();
    const shared = createSharedBackplane({ clock });
    let nodes = 0;
    return {
      node: () => shared.node(`n${++nodes}`),
      advance: (ms) => clock.advance(ms),
      settle: () => clock.advance(0),
      close: () => Promise.resolve(),
    };
  },
  { isShared: true },
);

/** Nodes `a` and `b` on one store, and a function that advances the clock while a call runs. */
async function createScene(options: SharedBackplaneOptions = {}) {
  const clock = createTestClock();
  const shared = createSharedBackplane({ ...options, clock });
  const [a, b] = [new Node(shared.node("a")), new Node(shared.node("b"))];
  const during = async <T>(call: Promise<T>): Promise<T> => {
    const pending = new Set([call]);
    const settled = call.finally(() => pending.clear());
    settled.catch(() => {});
    for (let step = 0; pending.size > 0 && step < 4_000; step++) await clock.advance(1);
    return settled;
  };
  await during(Promise.all([a.backplane.start(a), b.backplane.start(b)]));
  return { clock, shared, a, b, during };
}

const online = (user: string, connectionId: string) =>
  ({ op: "+", room: undefined, user, connectionId, profile: "{}" }) as const;

const offline = (user: string, connectionId: string, graceMs = 0) =>
  ({ op: "-", room: undefined, user, connectionId, graceMs }) as const;

const FIRST = { cursor: undefined, limit: 1_000 };

describe("a shared backplane with faults", () => {
  it("does not recall a client whose results it has lost, until a connection that was told so begins what follows", async () => {
    const { shared, a, during } = await createScene();
    const ref = { user: "ada", client: "c" };
    const begin = (key: number, id: string, mayHaveRun = false) => {
      const work = { ref, key, digest: 1, connection: { id }, mayHaveRun };
      return during(Promise.resolve(a.backplane.begin(work)));
    };
    const recall = (id: string) => during(Promise.resolve(a.backplane.recall?.(ref, id)));
    await during(a.backplane.admit({ ...ref, attempt: 1, connectionId: "a.1", limit: 20, policy: "reject" }));
    expect(await recall("a.1")).toEqual({ lastSeq: 0, requests: [] });
    await begin(1, "a.1");
    shared.clear();
    await begin(2, "a.1");
    expect(await begin(3, "a.1", true)).toEqual({ state: "forgotten" });
    // The welcome of this connection is lost, while the first connection continues.
    expect(await recall("a.2")).toBe(undefined);
    expect(await begin(3, "a.1")).toEqual({ state: "run" });
    expect(await recall("a.3")).toBe(undefined);
    expect(await begin(5, "a.3", true)).toEqual({ state: "run" });
    expect(await recall("a.4")).toEqual({ lastSeq: 5, requests: [] });
  });

  it("does not recall a client after it has gone back, and takes any number from it then", async () => {
    const { clock, shared, a, during } = await createScene();
    const ref = { user: "ada", client: "c1" };
    const connection = { id: "a.2" };
    const send = async (key: number) => {
      const work = { ref, key, digest: 7, connection };
      const { state } = await during(Promise.resolve(a.backplane.begin(work)));
      if (state === "run") await during(Promise.resolve(a.backplane.settle(work, "ok")));
      return state;
    };
    await during(a.backplane.admit({ ...ref, attempt: 1, connectionId: "a.1", limit: 20, policy: "reject" }));
    await send(1);
    await clock.advance(1_000);
    await send(2);
    shared.rewind(500);

    expect(await during(Promise.resolve(a.backplane.recall?.(ref, connection.id)))).toBe(undefined);
    expect(await send(3)).toBe("run");
    expect(await during(Promise.resolve(a.backplane.recall?.(ref, connection.id)))).toBeDefined();
    expect([await send(1), await send(5)]).toEqual(["done", "conflict"]);
  });

  it("rejects a call after its deadline while the node is cut off, and says so in its health", async () => {
    const { clock, shared, a, during } = await createScene();
    shared.partition("a");
    const before = clock.now();
    await expect(during(a.publish("all", '"lost"'))).rejects.toMatchObject({ code: "unavailable" });
    expect(clock.now() - before).toBeLessThan(1_600);
    expect(a.backplane.health()).toMatchObject({ state: "down" });
    shared.heal();
    await during(a.publish("all", '"stored"'));
    expect(a.backplane.health()).toMatchObject({ state: "up" });
    const { entries } = await during(a.backplane.read("all", { after: 0, limit: 10 }));
    expect(entries.map(({ data }) => data)).toEqual(['"stored"']);
  });

  it("tells a node that was cut off that it was interrupted, and does not deliver what it missed", async () => {
    const { clock, shared, a, b } = await createScene();
    await a.backplane.subscribe("all");
    shared.partition("a");
    await b.publish("all", '"missed"');
    shared.heal();
    await clock.advance(10);
    await b.publish("all", '"live"');
    await clock.advance(10);
    expect(a.interrupted).toEqual(["*"]);
    expect(a.fenced).toBe(0);
    expect(a.texts("all")).toEqual(['"live"']);
  });

  it("takes the users of a killed node offline within ten seconds, and no user of another node", async () => {
    const { clock, shared, a, b } = await createScene();
    await a.backplane.applyPresence([online("ada", "a.1"), online("bea", "a.2")]);
    await b.backplane.applyPresence([online("bea", "b.1")]);
    shared.kill("a");
    await clock.advance(10_000);
    expect(b.transitions(undefined)).toEqual(["+ada", "+bea", "-ada"]);
  });

  it("gives up a node that was cut off too long, and takes it in again when it declares its connections", async () => {
    const { clock, shared, a, b } = await createScene();
    await a.backplane.applyPresence([online("ada", "a.1"), online("bea", "a.2")]);
    shared.partition("a");
    await clock.advance(10_000);
    expect(b.transitions(undefined)).toEqual(["+ada", "+bea", "-ada", "-bea"]);
    a.onFenced = () => {
      a.fenced++;
      void a.backplane.applyPresence([online("ada", "a.1")]);
    };
    shared.heal();
    await clock.advance(5_000);
    expect(a.fenced).toBe(1);
    expect(b.transitions(undefined)).toEqual(["+ada"]);
  });

  it("takes no user offline when the store itself was away", async () => {
    const { clock, shared, a, b } = await createScene();
    await a.backplane.applyPresence([online("ada", "a.1")]);
    shared.partition("a", "b");
    await clock.advance(60_000);
    shared.heal();
    await clock.advance(10_000);
    expect(b.transitions(undefined)).toEqual(["+ada"]);
    expect([a.fenced, b.fenced]).toEqual([0, 0]);
  });

  it("has every node declare its connections after the store was emptied, or has gone back", async () => {
    for (const loss of ["clear", "rewind"] as const) {
      const { clock, shared, a, b } = await createScene();
      await clock.advance(5_000);
      await a.backplane.applyPresence([online("ada", "a.1")]);
      a.onFenced = () => void a.backplane.applyPresence([online("ada", "a.1")]);
      await clock.advance(1_000);
      if (loss === "clear") shared.clear();
      else shared.rewind(3_000);
      expect((await b.backplane.roster(undefined, FIRST)).total).toBe(0);
      await clock.advance(3_000);
      expect((await b.backplane.roster(undefined, FIRST)).entries.map(({ user }) => user)).toEqual(["ada"]);
      expect(a.interrupted).toEqual(["*"]);
    }
  });

  it("forgets what a rewound store had not stored yet, and never gives an offset out again", async () => {
    const { clock, shared, a } = await createScene();
    const kept = await a.publish("all", '"kept"');
    await clock.advance(2_000);
    const lost = await a.publish("all", '"lost"');
    shared.rewind(1_000);
    const { entries, epoch } = await a.backplane.read("all", { after: 0, limit: 10 });
    expect(entries.map(({ data }) => data)).toEqual(['"kept"']);
    const next = await a.publish("all", '"next"');
    expect(next.position?.off).toBeGreaterThan(lost.position?.off ?? Infinity);
    expect([next.position?.epoch, epoch]).toEqual([kept.position?.epoch, kept.position?.epoch]);
    shared.clear();
    expect((await a.backplane.read("all", { after: 0, limit: 1 })).epoch).not.toBe(epoch);
  });

  it("gives an operation of a node that was given up to the next node, and refuses what the old one ends", async () => {
    const { clock, shared, a, b } = await createScene();
    const work = { ref: { user: "ada", client: "c" }, key: 1, digest: 1 };
    expect(await a.backplane.begin(work)).toEqual({ state: "run" });
    expect(await b.backplane.begin(work)).toEqual({ state: "running" });
    shared.freeze("a");
    await clock.advance(10_000);
    expect(await b.backplane.begin(work)).toEqual({ state: "run", mayHaveRun: true });
    shared.heal();
    await clock.advance(1_000);
    await a.backplane.settle(work, "of a");
    expect(await a.backplane.begin(work)).toEqual({ state: "running" });
    await b.backplane.settle(work, "of b");
    expect(await a.backplane.begin(work)).toEqual({ state: "done", result: "of b" });
  });

  it("has a roster equal to what the nodes did, and alternating events, whatever is lost, doubled and late", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const faults = { latencyMs: { min: 1, max: 25 }, lostReplies: 0.2, doubledCalls: 0.2, seed };
      const { clock, a, b } = await createScene(faults);
      const random = createRandom(seed);
      const open = new Map<string, Set<string>>();
      for (let step = 0; step < 60; step++) {
        const node = random() < 0.5 ? a : b;
        const user = `u${Math.floor(random() * 4)}`;
        const id = `${node.backplane.nodeId}.${Math.floor(random() * 3)}`;
        const ids = open.get(user) ?? new Set();
        open.set(user, ids);
        const op = ids.has(id) ? offline(user, id) : online(user, id);
        if (!ids.delete(id)) ids.add(id);
        node.backplane.applyPresence([op]).catch(() => {});
        if (random() < 0.5) await clock.advance(5);
      }
      await clock.advance(60_000);
      let page: readonly string[] = [];
      for (let tries = 0; page.length === 0 && tries < 5; tries++) {
        const reading = b.backplane.roster(undefined, FIRST).catch(() => undefined);
        await clock.advance(2_000);
        page = ((await reading)?.entries ?? []).map((entry) => entry.user);
      }
      const present = [...open].filter(([, ids]) => ids.size > 0).map(([user]) => user);
      expect(page.toSorted(), `seed ${seed}`).toEqual(present.toSorted());
      const last = new Map<string, string>();
      for (const transition of b.transitions(undefined)) {
        const user = transition.slice(1);
        expect(transition[0], `seed ${seed}`).toBe(last.get(user) === "+" ? "-" : "+");
        last.set(user, transition[0] ?? "");
      }
    }
  });

  it("stores a publication once, although the call took effect twice or its repetition has a key", async () => {
    const { a, during } = await createScene({ doubledCalls: 1, latencyMs: { min: 1, max: 25 } });
    for (const data of ["1", "2"]) await during(a.publish("all", data));
    for (let tries = 0; tries < 2; tries++) await during(a.publish("all", "3", { idempotencyKey: "k" }));
    const { entries } = await during(a.backplane.read("all", { after: 0, limit: HISTORY.messages }));
    expect(entries.map(({ data }) => data)).toEqual(["1", "2", "3"]);
  });

  it("keeps a channel subscribed whose subscription was renewed, however late or often its end before takes effect", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const faults = { doubledCalls: 0.5, latencyMs: { min: 1, max: 25 } };
      const { a, clock, during } = await createScene({ ...faults, seed });
      await during(a.backplane.subscribe("room:x"));
      const ending = a.backplane.unsubscribe("room:x");
      await during(Promise.all([ending, a.backplane.subscribe("room:x")]));
      await during(a.publish("room:x", '"heard"'));
      await clock.advance(25);
      expect(a.texts("room:x"), `seed ${seed}`).toEqual(['"heard"']);
    }
  });

  it("refuses an id twice, and an id with other characters than a connection's id may have", async () => {
    const { shared } = await createScene();
    expect(() => shared.node("a")).toThrow(TypeError);
    expect(() => shared.node("a.b")).toThrow(TypeError);
    expect(() => shared.kill("c")).toThrow(TypeError);
  });
});

import type { Position } from "@halyard/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mutantClient } from "../../test/mutant-client.ts";
import type { Mutation } from "../../test/mutant-client.ts";
import { useRedis } from "../../test/real-nodes.ts";
import type { Node } from "../../../server/test/backplane-suite/node.ts";
import { Keys } from "../scripts/keys.ts";

const redis = useRedis();
const keys = new Keys("halyard", 16);
const POLL = { timeout: 15_000 };

let told: string[];
let stopFollowing: () => void;
/** Hears what is pushed in the channel `a`, since Redis was started. */
async function follow(): Promise<void> {
  told = [];
  stopFollowing = await redis.server.follow(keys.channel("a").messages, (text) => told.push(text));
}
beforeEach(follow);
afterEach(() => {
  stopFollowing();
});

const save = (): Promise<unknown> => redis.server.control((client) => client.sendCommand(["SAVE"]));

/** Ends Redis, and starts it with what it had saved. */
async function goBack(): Promise<void> {
  stopFollowing();
  await redis.server.kill();
  await redis.server.start();
  await follow();
}

/** Publishes in the channel `a`. @returns the position of the message */
async function publish(node: Node, data: string, channel = "a"): Promise<Position> {
  const { position } = await node.publish(channel, data);
  if (position === undefined) throw new Error("the message was not stored");
  return position;
}

/** What follows a position; undefined where a resume from it gets a gap. */
async function after(
  { backplane }: Node,
  { epoch, off }: Position,
  channel = "a",
): Promise<string[] | undefined> {
  const read = await backplane.read(channel, { after: off, limit: 100 });
  let last = off;
  for (const { prev, offset } of read.entries) {
    if (prev !== last) return undefined;
    last = offset;
  }
  return epoch === read.epoch && last === read.top ? read.entries.map(({ data }) => data) : undefined;
}

const isUp = ({ backplane }: Node): Promise<void> =>
  expect.poll(() => backplane.health().state, POLL).toBe("up");
const gaps = (): string[] => told.filter((text) => text === "!");

/** A message is lost that a process without a node has published, and no other has seen. Both are connected again. */
async function publishWithoutNode(mutation?: Mutation) {
  const place = mutation === undefined ? {} : { client: mutantClient(redis.server.url, mutation) };
  const [publisher, node] = [redis.nodes.create(place), await redis.nodes.start(place)];
  const away = await publish(publisher, "kept");
  await save();
  await publish(publisher, "lost");
  await goBack();
  await isUp(node);
  await expect.poll(() => publisher.backplane.nodes().catch(() => []), POLL).not.toEqual([]);
  return { away, node };
}

/** Another node publishes before the one compares that has seen what is lost, and that is not connected until then. */
async function publishBeforeCheck(mutation?: Mutation) {
  const place = mutation === undefined ? {} : { client: mutantClient(redis.server.url, mutation) };
  const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
  let isHeld = false;
  const late = await redis.nodes.start({
    ...place,
    wrap: (client) => {
      const connect = client.connect.bind(client);
      return Object.assign(client, {
        connect: async () => {
          if (isHeld) await isFree;
          return connect();
        },
      });
    },
  });
  const away = await publish(late, "kept");
  await save();
  await publish(late, "lost");
  isHeld = true;
  await goBack();
  const other = await redis.nodes.start(place);
  await other.backplane.subscribe("a");
  const next = await publish(other, "next");
  expect(await after(other, away)).toEqual(["next"]);
  free();
  return { away, late, next, other };
}

describe("a message that Redis has lost, and a process has seen", () => {
  it("makes a gap for a position before it, also on a node that never saw it, where nothing follows and where something does [I4]", async () => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
    await two.backplane.subscribe("a");
    const away = await publish(one, "kept");
    const whole = await publish(one, "kept", "b");
    await save();
    await two.backplane.unsubscribe("a");
    await publish(one, "lost");
    await goBack();
    await two.backplane.subscribe("a");
    await expect.poll(() => after(two, away), POLL).toBeUndefined();
    await expect.poll(() => two.interrupted.includes("a") || two.interrupted.includes("*"), POLL).toBe(true);
    const next = await publish(two, "next");
    expect([await after(two, away), await after(one, away)]).toEqual([undefined, undefined]);
    expect(await after(two, { ...next, off: next.off - 1 })).toEqual(["next"]);
    // The other channel has lost nothing.
    await publish(two, "next", "b");
    expect(await after(one, whole, "b")).toEqual(["next"]);
  });

  it("is told once, however many nodes have seen it [I2]", async () => {
    const nodes = [await redis.nodes.start(), await redis.nodes.start(), await redis.nodes.start()];
    const [one] = nodes as [Node];
    for (const { backplane } of nodes) await backplane.subscribe("a");
    const away = await publish(one, "kept");
    await save();
    await publish(one, "lost 1");
    await publish(one, "lost 2");
    for (const node of nodes) await expect.poll(() => node.texts("a").length).toBe(3);
    await goBack();
    for (const node of nodes) await isUp(node);
    await expect.poll(() => after(one, away), POLL).toBeUndefined();
    const { top } = await one.backplane.read("a", { after: 0, limit: 1 });
    for (const node of nodes) await expect.poll(() => node.interrupted, POLL).toContain("*");
    await publish(one, "next");
    await expect.poll(() => one.publications.at(-1)).toMatchObject({ data: "next", prev: top });
    expect(gaps().length).toBeLessThanOrEqual(1);
  });

  it("is told by a process that only publishes [I4]", async () => {
    const { away, node } = await publishWithoutNode();
    await expect.poll(() => after(node, away), POLL).toBeUndefined();
  });

  it("would be unnoticed without the comparison [I4]", async () => {
    const { away, node } = await publishWithoutNode({ from: "if seenEpoch == epoch", to: "if false" });
    await publish(node, "next");
    expect(await after(node, away)).toEqual(["next"]);
  });

  it("is told by a node that comes back after others have published: what was passed over is known [I4]", async () => {
    const { away, next, other } = await publishBeforeCheck();
    await expect.poll(() => after(other, away), POLL).toBeUndefined();
    // A client that was told of the next message may have missed the one before it, too.
    await expect.poll(() => other.interrupted, POLL).toEqual(["a"]);
    expect(await after(other, next)).toBeUndefined();
  });

  it("would be unnoticed then if offsets only counted up [I4]", async () => {
    const { away, late, other } = await publishBeforeCheck({
      from: "if sameIncarnation then return offset end",
      to: "do return offset end",
    });
    await isUp(late);
    expect(await after(other, away)).toEqual(["next"]);
  });

  it("makes no gap where it was seen in an earlier epoch: that is one already [I3]", async () => {
    const node = await redis.nodes.start();
    await publish(node, "lost");
    await redis.server.control((client) => client.flushAll());
    await save();
    await goBack();
    await isUp(node);
    const next = await publish(node, "next");
    expect(await after(node, { ...next, off: 0 })).toEqual(["next"]);
    expect(gaps()).toEqual([]);
  });
});

describe("a Redis that has lost nothing", () => {
  it("makes no gap, however often it is started and its connections are cut [I4]", async () => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
    for (const { backplane } of [one, two]) await backplane.subscribe("a");
    const away = await publish(one, "0");
    for (let round = 1; round <= 6; round++) {
      await save();
      if (round % 2 === 1) await goBack();
      else await redis.server.cutPushes();
      for (const node of [one, two]) await isUp(node);
      await publish(round % 3 === 0 ? two : one, String(round));
    }
    expect(await after(two, away)).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(gaps()).toEqual([]);
  }, 30_000);
});

describe("a mark that Redis has lost", () => {
  it("is stored again by the process that set it, and told again to every node [I14]", async () => {
    const [banning, node] = [redis.nodes.create(), await redis.nodes.start()];
    await banning.backplane.revoke({ session: "kept", code: 4401, reason: "" }, 60_000);
    await save();
    const marks = [
      { user: "ada", notBefore: Date.now(), code: 4403, reason: "a ban" },
      { session: "lost", code: 4401, reason: "a sign-out" },
    ];
    for (const mark of marks) await banning.backplane.revoke(mark, 60_000);
    await expect.poll(() => node.revoked.length).toBe(3);
    await goBack();
    await expect
      .poll(() => node.backplane.revocations(["ada"], ["kept", "lost"]).catch(() => []), POLL)
      .toMatchObject([{ user: "ada" }, { session: "kept" }, { session: "lost" }]);
    const ttls = await redis.server.control(async (client) => [await client.pTTL("halyard:mark:uada")]);
    expect(ttls[0]).toBeGreaterThan(1);
    expect(ttls[0]).toBeLessThanOrEqual(60_000);
  });
});

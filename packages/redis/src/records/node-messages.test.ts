import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import { Keys } from "../scripts/keys.ts";

const redis = useRedis();

const keys = new Keys("halyard", 16);
const event = { off: "1", user: "ada", total: 1, profile: "{}", since: "1", isNew: true };

const forged: readonly (readonly [name: string, channel: string, text: string])[] = [
  ["no JSON", keys.nodes, "x"],
  ["nothing", keys.nodes, "null"],
  ["an unknown kind", keys.nodes, '{"from":"x","kind":"later","data":"1"}'],
  ["a notice without data", keys.nodes, '{"from":"x","kind":"notice"}'],
  ["a mark that is none", keys.nodes, '{"from":"x","kind":"revoked","mark":null}'],
  ["a mark without a code", keys.nodes, '{"from":"x","kind":"revoked","mark":{"user":"ada","notBefore":1}}'],
  [
    "an oversized notice",
    keys.nodes,
    JSON.stringify({ from: "x", kind: "notice", data: "x".repeat(2 ** 21) }),
  ],
  ["no message of presence", keys.presence, "[]"],
  ["presence without events", keys.presence, '{"prev":"0","events":[]}'],
  ["presence at no place", keys.presence, JSON.stringify({ prev: "0", events: [{ ...event, off: "x" }] })],
  [
    "presence with a number as the user",
    keys.presence,
    JSON.stringify({ prev: "0", events: [{ ...event, user: 1 }] }),
  ],
  ["no publication", keys.channel("a").messages, "x"],
  ["an oversized publication", keys.channel("a").messages, "x".repeat(2 ** 21)],
];

describe("what is forged on the bus", () => {
  it.each(forged)("is counted and dropped: %s [trap 14]", async (_, channel, text) => {
    const node = await redis.nodes.start();
    await node.backplane.subscribe("a");
    await redis.server.control((client) => client.publish(channel, text));
    await expect
      .poll(() => node.backplane.health().lastError)
      .toBe("1 messages of other nodes were not understood");
    expect([node.notices, node.revoked, node.publications, node.events(undefined)]).toEqual([[], [], [], []]);

    const other = await redis.nodes.start();
    await other.backplane.announce("a notice");
    await other.publish("a", "1");
    await node.backplane.applyPresence([
      { op: "+", room: undefined, user: "ada", connectionId: "1", profile: "{}" },
    ]);
    expect(node.transitions(undefined)).toEqual(["+ada"]);
    await expect.poll(() => [node.notices, node.texts("a")]).toEqual([["a notice"], ["1"]]);
  });
});

describe("what one node sends to another", () => {
  it("reaches it under the same id after the store has given it up [trap 9]", async () => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
    await redis.server.control((client) => client.flushAll());
    await expect.poll(() => two.fenced, { timeout: 10_000 }).toBe(1);
    await one.backplane.send(two.backplane.nodeId, "a close");
    await expect.poll(() => two.messages).toEqual(["a close"]);
  }, 15_000);

  it("is up to 1 MiB of text, whatever characters it has", async () => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
    const text = '"\u0001'.repeat(2 ** 19);
    await one.backplane.send(two.backplane.nodeId, text);
    await expect.poll(() => two.messages.map((message) => message === text)).toEqual([true]);
  });
});

describe("changes of presence of one call", () => {
  it("reach every node, however large the states are", async () => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
    const json = JSON.stringify({ text: '"'.repeat(4_000) });
    const ops = Array.from({ length: 200 }, (_, index) => ({
      ...{ op: "+" as const, room: "a", user: `user-${String(index)}`, connectionId: "1", profile: "{}" },
      state: { json, setAt: 1, announcedUsers: 500 },
    }));
    await one.backplane.applyPresence(ops);
    expect(two.events("a")).toHaveLength(200);
  });
});

describe("an operation of a client", () => {
  it("that another node has taken over is not settled by the node that had begun it [trap 8]", async () => {
    const [zombie, other] = [await redis.nodes.start(), await redis.nodes.start()];
    const work = (claim: number) => ({ ref: { user: "ada", client: "c" }, key: "k", digest: 7, claim });
    expect(await zombie.backplane.begin(work(1))).toEqual({ state: "run" });
    const { nodeId } = zombie.backplane;
    expect(await other.backplane.begin(work(1))).toEqual({
      state: "running",
      claim: { node: nodeId, number: 1 },
    });
    // Frozen for longer than its lease.
    await redis.server.control(async (client) => {
      await client.zRem("halyard:leases", `${nodeId}/1`);
      await client.hDel("halyard:nodes", nodeId);
    });
    expect(await other.backplane.begin(work(1))).toEqual({ state: "run", mayHaveRun: true });
    await zombie.backplane.settle(work(1), "of the zombie");
    await zombie.backplane.settle(work(1), undefined);
    expect(await other.backplane.begin(work(1))).toEqual({ state: "run", mayHaveRun: true });
    await other.backplane.settle(work(1), "of the other");
    expect(await zombie.backplane.begin(work(2))).toEqual({ state: "done", result: "of the other" });
  });
});

describe("names of users", () => {
  const hostile = ["a}b{c", "a\0b", "a:b", ":", "}{", "*", "a b", "\u2028", "é😀", "x".repeat(800)];

  it.each(hostile)("may be any text: %j [trap 7]", async (user) => {
    const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
    const near = `${user}1`;
    for (const name of [user, near])
      await one.backplane.applyPresence([
        { op: "+", room: undefined, user: name, connectionId: "1:2", profile: "{}" },
        { op: "+", room: user, user: name, connectionId: "1:2", profile: "{}" },
      ]);
    await two.backplane.subscribe(`user:${user}`);
    await one.publish(`user:${user}`, "for the user");
    await one.publish(`user:${near}`, "for another user");
    const ref = { user, client: `}${user}` };
    await one.backplane.giveRoom(ref, user);
    await one.backplane.revoke({ user, notBefore: 5, code: 4401, reason: user }, 10_000);
    const request = { ...ref, attempt: 1, connectionId: "2", limit: 3, policy: "reject" } as const;
    expect(await two.backplane.admit({ ...request, authenticatedAt: 4 })).toMatchObject({
      reason: "revoked",
    });
    expect(await two.backplane.admit({ ...request, user: near, authenticatedAt: 4 })).toMatchObject({
      admitted: true,
    });
    expect(await two.backplane.revocations([user, near], [])).toMatchObject([{ user }]);
    expect(await two.backplane.givenRooms(ref)).toEqual([user]);
    await one.backplane.applyPresence([{ op: "-", room: undefined, user, connectionId: "1:2", graceMs: 0 }]);
    await expect.poll(() => two.texts(`user:${user}`)).toEqual(["for the user"]);
    await expect.poll(() => two.events(undefined).length).toBe(3);
    expect(two.events(user).map(({ kind }) => kind)).toEqual(["joined", "joined"]);
    expect(two.transitions(undefined)).toEqual([`+${user}`, `+${near}`, `-${user}`]);
  });
});

import { describe, expect, it, onTestFinished } from "vitest";
import type { Frame } from "../support/frame.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";
import { BalancedPage } from "./support/balanced-page.ts";
import { Cluster } from "./support/cluster.ts";
import type { ClusterNode, ClusterOptions } from "./support/cluster.ts";
import { Oracle } from "./support/oracle.ts";

const ROOM = "lobby";
/** A lease of six seconds, a beat of another node, and what a machine under load adds. */
const TAKEN_OVER_MS = 20_000;

async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.start(options);
  onTestFinished(() => cluster.close());
  return cluster;
}

/** How often the application's handler has run on each node for this user. */
function runs(cluster: Cluster, what: string, userId: string): Promise<number[]> {
  return Promise.all(
    cluster.nodes.map(async (node) =>
      node.isDead ? 0 : (await node.command<unknown[]>("journal", { what, userId })).length,
    ),
  );
}

/** A page, and what it has written: it writes that again on its next connection, as a client does without an answer. */
class Sender {
  readonly page = new Page();
  readonly userId: string;
  readonly #cluster: Cluster;
  client: V1Client | undefined;

  constructor(cluster: Cluster, userId: string) {
    this.#cluster = cluster;
    this.userId = userId;
    this.page.rooms.add(ROOM);
  }

  /** Loses its connection, if it has one, and connects. @returns the welcome */
  async connect(node: ClusterNode): Promise<Frame> {
    await this.client?.cut();
    this.client = await this.#cluster.open(node, this.userId, this.page);
    return this.client.hello();
  }

  write(frame: object): void {
    this.client?.send(frame);
  }

  async answer(re: number | string, ms?: number): Promise<Frame> {
    const answer = await this.client?.seen({ $: { re } }, ms);
    if (answer === undefined) throw new Error("there is no connection");
    return answer;
  }
}

/** The answer without where it stands on its connection. */
function contentOf({ type, ...fields }: Frame): unknown {
  return { type, result: fields["result"], code: fields["code"] };
}

const NOTE = { type: "note", text: "once", $: { seq: 1 } };
const CHAT = { type: "chat_message", content: "once", $: { seq: 2, ch: `room:${ROOM}` } };
const REQUEST = { type: "request", name: "wait", input: { ms: 0, tag: "once" }, $: { id: "r1" } };

/** Writes the same three frames on a node and then on another one. */
async function writeTwice(cluster: Cluster): Promise<{ first: unknown[]; second: unknown[] }> {
  const ada = new Sender(cluster, "ada");
  const answers: unknown[][] = [];
  for (const node of [0, 1]) {
    expect((await ada.connect(cluster.node(node)))["forgotten"]).toBe(false);
    for (const frame of [NOTE, CHAT, REQUEST]) ada.write(frame);
    answers.push(await Promise.all([1, 2, "r1"].map(async (re) => contentOf(await ada.answer(re)))));
  }
  const [first = [], second = []] = answers;
  return { first, second };
}

describe("what a client writes again on another node", () => {
  it("[I15] runs once, and gets the same answer", async () => {
    const cluster = await startCluster({ runtimes: ["node", "bun"] });
    const { first, second } = await writeTwice(cluster);
    expect(second).toEqual(first);
    expect(await runs(cluster, "note", "ada")).toEqual([1, 0]);
    expect(await runs(cluster, "chat", "ada")).toEqual([1, 0]);
    expect(await runs(cluster, "request", "ada")).toEqual([1, 0]);
    const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
    await oracle.read();
    expect(oracle.texts).toEqual(["once"]);
  });

  it("[I15] would run twice without a look at what has run", async () => {
    const redisMutation = { from: "if stored[1] then", to: "if false then" };
    const cluster = await startCluster({ redisMutation });
    const { first, second } = await writeTwice(cluster);
    expect(second).not.toEqual(first);
    expect(await runs(cluster, "request", "ada")).toEqual([1, 1]);
  });

  it("[I15] [trap 12] is answered from memory while its result cannot be stored; a dead node's work runs on another one", async () => {
    const cluster = await startCluster({ runtimes: ["node"] });
    const healthy = cluster.node(0);
    const redisMutation = { from: "local digest, node, claim, again, result = string", to: "error('no') " };
    const failing = await cluster.add("node", { redisMutation });
    const [ada, bob] = [new Sender(cluster, "ada"), new Sender(cluster, "bob")];
    const answers: unknown[] = [];
    for (const _ of [1, 2]) {
      await ada.connect(failing);
      for (const frame of [NOTE, CHAT]) ada.write(frame);
      answers.push(await Promise.all([1, 2].map(async (re) => contentOf(await ada.answer(re)))));
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(await runs(cluster, "note", "ada")).toEqual([0, 1]);
    await bob.connect(failing);
    bob.write({ type: "wait", ms: 500, tag: "slow", $: { seq: 1 } });
    bob.write({ type: "request", name: "wait", input: { ms: 500, tag: "slow" }, $: { id: "r1" } });
    await until("the handler to run", async () => (await runs(cluster, "request", "bob"))[1] === 1);

    await failing.kill();
    await Promise.all([ada.connect(healthy), bob.connect(healthy)]);
    for (const frame of [NOTE, CHAT]) ada.write(frame);
    bob.write({ type: "wait", ms: 500, tag: "slow", $: { seq: 1 } });
    bob.write({ type: "request", name: "wait", input: { ms: 500, tag: "slow" }, $: { id: "r1" } });
    const again = [await ada.answer(1, TAKEN_OVER_MS), await ada.answer(2, TAKEN_OVER_MS)].map(contentOf);
    expect(again).toEqual(answers[0]);
    expect(contentOf(await bob.answer(1, TAKEN_OVER_MS))).toMatchObject({ type: "reply" });
    expect(contentOf(await bob.answer("r1", TAKEN_OVER_MS))).toMatchObject({ type: "reply", result: "slow" });
    // The end of the dead node's runs is known to no node, so they run again; the message is stored once all the same.
    expect(await runs(cluster, "note", "ada")).toEqual([1, 0]);
    expect(await runs(cluster, "wait", "bob")).toEqual([1, 0]);
    const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
    await oracle.read();
    expect(oracle.texts).toEqual(["once"]);
  });
});

/** The nodes: one that is healthy, and one whose results Redis never gets. */
async function startUnsettled(): Promise<{ cluster: Cluster; healthy: ClusterNode; failing: ClusterNode }> {
  const cluster = await startCluster({ runtimes: ["node"] });
  const redisMutation = { from: "local isKept =", to: "error('no') local isKept =" };
  return { cluster, healthy: cluster.node(0), failing: await cluster.add("node", { redisMutation }) };
}

/** How many operations of clients Redis has as begun, or as ended. */
async function begunOperations({ redis }: Cluster): Promise<number> {
  return redis.control(async (client) => {
    const records = await client.keys("halyard:client:*");
    const fields = await Promise.all(records.map((record) => client.hKeys(record)));
    return fields.flat().filter((field) => /^(?:send|request) /.test(field)).length;
  });
}

describe("what a node had begun that is killed with -9, and what the next node refuses", () => {
  it("is answered as what may have run, and settles as unknown; what has an answer gets that [I4]", async () => {
    const { cluster, healthy, failing } = await startUnsettled();
    const chat = { ...CHAT, $: { ...CHAT.$, seq: 1 } };
    const slow = { name: "wait", input: { ms: 60_000, tag: "slow" }, $: { id: "r1", ch: `room:${ROOM}` } };
    const [ada, bob] = [new Sender(cluster, "ada"), new Sender(cluster, "bob")];
    await Promise.all([ada.connect(failing), bob.connect(healthy)]);
    const eve = new BalancedPage(cluster, { userId: "eve", room: ROOM, node: failing, random: () => 0 });
    onTestFinished(() => eve.client.close());
    await until("eve to be in the room", () => eve.room.state.status === "joined");
    ada.write(chat);
    ada.write({ type: "request", ...slow });
    bob.write(chat);
    const receipt = eve.room.send("wait", { ms: 60_000, tag: "slow" });
    const [, settled] = await Promise.all([ada.answer(1), bob.answer(1)]);
    await until("all to be begun", async () => (await begunOperations(cluster)) === 4);

    await failing.kill();
    eve.room.leave();
    for (const { page } of [ada, bob]) page.rooms.delete(ROOM);
    await Promise.all([ada.connect(healthy), bob.connect(healthy)]);
    ada.write(chat);
    ada.write({ type: "request", ...slow });
    bob.write(chat);
    const unknown = { type: "error", code: "forbidden", mayHaveRun: true };
    expect(await ada.answer(1, TAKEN_OVER_MS)).toMatchObject(unknown);
    expect(await ada.answer("r1", TAKEN_OVER_MS)).toMatchObject(unknown);
    expect(contentOf(await bob.answer(1))).toEqual(contentOf(settled));
    expect((await receipt).status).toBe("unknown");
    const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
    await oracle.read();
    expect(oracle.texts).toEqual(["once", "once"]);
  });
});

/** Sends on both sides of a snapshot, sets Redis back to it, and comes back. */
async function comeBack(cluster: Cluster): Promise<{ forgotten: unknown[]; next: unknown }> {
  const ada = new Sender(cluster, "ada");
  const note = async (seq: number): Promise<Frame> => {
    ada.write({ type: "note", text: String(seq), $: { seq } });
    return ada.answer(seq);
  };
  await ada.connect(cluster.node(0));
  await note(1);
  await cluster.redis.control((client) => client.sendCommand(["SAVE"]));
  await note(2);
  await note(3);
  const before = await ada.connect(cluster.node(1));
  await cluster.redis.kill();
  await cluster.redis.start();
  const after = await ada.connect(cluster.node(0));
  const next = contentOf(await note(4));
  const later = await ada.connect(cluster.node(1));
  return { forgotten: [before, after, later].map((welcome) => welcome["forgotten"]), next };
}

describe("a Redis that comes back with an older state", () => {
  it("[I15] makes a client hear that its results may be lost, once, and takes its next number", async () => {
    expect(await comeBack(await startCluster())).toMatchObject({
      forgotten: [false, true, false],
      next: { type: "reply" },
    });
  });

  it("[I15] would have the client's messages rejected without a look at whether it is the same", async () => {
    const redisMutation = { from: "if stored[1] and stored[2] == current then", to: "if stored[1] then" };
    const { forgotten, next } = await comeBack(await startCluster({ redisMutation }));
    expect(forgotten).toEqual([false, false, false]);
    expect(next).toMatchObject({ type: "error", code: "conflict" });
  });
});

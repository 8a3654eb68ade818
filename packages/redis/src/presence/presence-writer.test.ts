import { setTimeout as sleep } from "node:timers/promises";
import type { PresenceOp } from "@halyard/server";
import { createRandom } from "@halyard/testing";
import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import type { NodeOptions } from "../../test/real-nodes.ts";
import { UnreliableCalls } from "../../test/unreliable-calls.ts";
import { createScripts } from "../scripts/scripts.ts";
import type { Script } from "../scripts/scripts.ts";
import type { Node } from "../../../server/test/backplane-suite/node.ts";

const PREFIX = "halyard:";

const redis = useRedis();

function opened(user: string, connectionId = "1"): PresenceOp {
  return { op: "+", room: undefined, user, connectionId, profile: "{}" };
}

function closed(user: string, connectionId = "1"): PresenceOp {
  return { op: "-", room: undefined, user, connectionId, graceMs: 0 };
}

async function online(node: Node): Promise<string[]> {
  const { entries } = await node.backplane.roster(undefined, { cursor: undefined, limit: 1_000 });
  return entries.map(({ user }) => user).toSorted();
}

/** Runs a script as another node would. */
function run(script: Script, ...values: string[]): Promise<unknown> {
  return redis.server.control((client) => client.sendCommand(["EVAL", script.text, "0", PREFIX, ...values]));
}

function expectAlternating(transitions: readonly string[]): void {
  const last = new Map<string, string>();
  for (const transition of transitions) {
    const user = transition.slice(1);
    expect(transition.charAt(0)).not.toBe(last.get(user) ?? "-");
    last.set(user, transition.charAt(0));
  }
}

describe("presence operations", () => {
  it("make the roster equal to the truth when calls are lost, late and doubled [trap 1]", async () => {
    const seed = Date.now();
    const message = `seed ${String(seed)}`;
    const random = createRandom(seed);
    const unreliable = await UnreliableCalls.create(redis.server, random);
    const node = await redis.nodes.start({ timeoutMs: 60, wrap: unreliable.wrap });
    const watcher = await redis.nodes.start();
    const open = new Set<string>();
    unreliable.isActive = true;
    for (let step = 0; unreliable.faults < 12 && step < 15_000; step++) {
      const user = `u${String(Math.floor(random() * 10))}`;
      const op = open.delete(user) ? closed(user) : opened(user);
      if (op.op === "+") open.add(user);
      node.backplane.applyPresence([op]).catch(() => {});
      if (step % 10 === 0) await sleep(10);
    }
    unreliable.isActive = false;
    await expect.poll(() => online(watcher), { timeout: 20_000, message }).toEqual([...open].toSorted());
    // Longer than the latest call is on its way.
    await sleep(300);
    expect(await online(watcher), message).toEqual([...open].toSorted());
    expectAlternating(watcher.transitions(undefined));
    expect(unreliable.faults).toBeGreaterThan(11);
    unreliable.close();
  }, 60_000);

  it("of an earlier lease are refused, also while the store still has that lease", async () => {
    const node = await redis.nodes.start();
    await node.backplane.applyPresence([opened("ada")]);
    const { nodeId } = node.backplane;
    const { apply, register } = createScripts();
    await run(register, nodeId, `${nodeId}/2`, "6000", "state");
    const late = JSON.stringify([closed("ada"), opened("bea")]);
    expect(await run(apply, `${nodeId}/1`, "9", late)).toEqual(["fenced", "[]", "0"]);
    expect(await online(node)).toEqual(["ada"]);
  });

  it("take effect whatever half of a surrogate pair is in a name [trap 7]", async () => {
    const node = await redis.nodes.start();
    await node.backplane.applyPresence([opened("a\ud800"), opened("bea")]);
    expect(await online(node)).toEqual(["a\ufffd", "bea"]);
    const request = { user: "c\udc00", client: "c", attempt: 1, connectionId: "2", limit: 1 };
    expect(await node.backplane.admit({ ...request, policy: "reject" })).toMatchObject({ admitted: true });
    const mark = { user: "d", notBefore: 1, code: 4403, reason: "\ud800" };
    await node.backplane.revoke(mark, 1_000);
  });
});

/** A node whose connections are declared again, as the server does it. */
async function startDeclaring(ops: readonly PresenceOp[], options: NodeOptions = {}) {
  const node = redis.nodes.create({ timeoutMs: 10_000, ...options });
  const { backplane } = node;
  const handlers = Object.assign(node, {
    onFenced: () => {
      node.fenced++;
      backplane.applyPresence(ops).catch(() => {});
    },
  });
  await backplane.start(handlers);
  await backplane.applyPresence(ops);
  return node;
}

/** The scripts with one part of a script left out. */
function without(part: string): ReturnType<typeof createScripts> {
  const scripts = createScripts();
  const { apply } = scripts;
  expect(apply.text).toContain(part);
  return { ...scripts, apply: { ...apply, text: apply.text.replace(part, "") } };
}

describe("presence operations while Redis does not answer", () => {
  it("are given up above maxPendingCalls; when Redis is back the node declares what it has, and no user who stayed flickers [I6]", async () => {
    const truth = [opened("ada"), opened("bea")];
    const node = await startDeclaring(truth, { timeoutMs: 300, maxPendingCalls: 50 });
    const watcher = await redis.nodes.start();
    watcher.transitions(undefined);
    redis.server.signal("SIGSTOP");
    const outcomes: string[] = [];
    const add = (op: PresenceOp): void => {
      node.backplane.applyPresence([op]).then(
        () => outcomes.push("applied"),
        (error: unknown) => outcomes.push((error as { readonly code: string }).code),
      );
    };
    add(closed("bea"));
    truth.pop();
    await expect.poll(() => node.backplane.health().state, { timeout: 10_000 }).toBe("down");
    // Visitors come and go, and the last of them stay.
    for (let n = 0; n < 500; n++) {
      add(opened(`visitor-${String(n)}`));
      if (n < 498) add(closed(`visitor-${String(n)}`));
      else truth.push(opened(`visitor-${String(n)}`));
    }
    await expect.poll(() => outcomes.length).toBeGreaterThan(940);
    expect(new Set(outcomes)).toEqual(new Set(["unavailable"]));
    redis.server.signal("SIGCONT");
    await expect
      .poll(() => online(watcher), { timeout: 15_000 })
      .toEqual(["ada", "visitor-498", "visitor-499"]);
    // The old lease has ended then, with what it held.
    const leases = () => redis.server.control((client) => client.zRange(`${PREFIX}leases`, 0, -1));
    await expect.poll(leases).not.toContain(`${node.backplane.nodeId}/1`);
    const transitions = watcher.transitions(undefined);
    expect(transitions.filter((each) => /ada|bea/.test(each))).toEqual(["-bea"]);
    const visits = transitions.filter((each) => !each.includes("bea"));
    expectAlternating(visits);
    expect(visits).toEqual(expect.arrayContaining(["+visitor-498", "+visitor-499"]));
    expect(node.fenced).toBe(1);
  }, 40_000);

  it("are given up also where a call has begun with them, so that a user who left meanwhile is no ghost", async () => {
    const node = await startDeclaring([opened("ada")], { timeoutMs: 300, maxPendingCalls: 50 });
    redis.server.signal("SIGSTOP");
    const add = (op: PresenceOp): Promise<unknown> => node.backplane.applyPresence([op]).catch(() => {});
    void add(opened("bea"));
    await expect.poll(() => node.backplane.health().state, { timeout: 10_000 }).toBe("down");
    const left = add(closed("bea"));
    for (let n = 0; n < 100; n++) void add(closed("visitor"));
    await left;
    redis.server.signal("SIGCONT");
    const leases = () => redis.server.control((client) => client.zRange(`${PREFIX}leases`, 0, -1));
    await expect.poll(leases, { timeout: 15_000 }).toEqual([`${node.backplane.nodeId}/2`]);
    await node.backplane.applyPresence([opened("cid")]);
    expect(await online(node)).toEqual(["ada", "cid"]);
  }, 40_000);
});

describe("a batch of operations", () => {
  /** The roster after a batch whose call was given up comes behind the next one. */
  async function afterLateBatch({ apply, register }: ReturnType<typeof createScripts>): Promise<string[]> {
    await run(register, "n", "n/1", "6000", "state");
    const [first, second] = [[opened("ada")], [closed("ada")]].map((ops) => JSON.stringify(ops));
    await run(apply, "n/1", "1", first ?? "");
    await run(apply, "n/1", "2", second ?? "");
    await run(apply, "n/1", "1", first ?? "");
    return online(await redis.nodes.start());
  }

  it("has no effect when it comes late; without its number it has one", async () => {
    expect(await afterLateBatch(createScripts())).toEqual([]);
    await redis.nodes.close();
    const part = "if number < tonumber(last) then return { 'stale', '[]', '0' } end";
    expect(await afterLateBatch(without(part))).toEqual(["ada"]);
  });

  /** The roster some time after a node that is given up has woken, sent a batch and died. */
  async function afterZombie({ apply, drop, register }: ReturnType<typeof createScripts>): Promise<string[]> {
    await run(register, "n", "n/1", "6000", "state");
    await run(drop, "n", "inf", "200");
    await run(apply, "n/1", "1", JSON.stringify([opened("ada")]));
    const node = await redis.nodes.start();
    await run(drop, "n", "inf", "200");
    return online(node);
  }

  it("of a node without a lease leaves no ghost; without that check it does [I13]", async () => {
    expect(await afterZombie(createScripts())).toEqual([]);
    await redis.nodes.close();
    const check = /^if not isNewest .*$/m.exec(createScripts().apply.text)?.[0];
    expect(await afterZombie(without(check ?? "nothing"))).toEqual(["ada"]);
  });
});

describe("a lease", () => {
  it("stays until every connection is declared under the next one, however long that takes [I13]", async () => {
    let isSlow = false;
    const { sha } = createScripts().apply;
    const wrap: NodeOptions["wrap"] = (client) => {
      const send = client.sendCommand.bind(client);
      return Object.assign(client, {
        sendCommand: async (args: readonly string[]) => {
          // Longer than a caller waits for its operations.
          if (isSlow && args[1] === sha) await sleep(4_500);
          return send(args);
        },
      });
    };
    const node = await startDeclaring([opened("ada")], { wrap });
    const watcher = await redis.nodes.start();
    isSlow = true;
    await redis.server.control((client) => client.set(`${PREFIX}state`, "another"));
    const leases = () => redis.server.control((client) => client.zRange(`${PREFIX}leases`, 0, -1));
    await expect.poll(leases, { timeout: 15_000 }).toContain(`${node.backplane.nodeId}/2`);
    await expect.poll(leases, { timeout: 15_000 }).not.toContain(`${node.backplane.nodeId}/1`);
    expect(await online(watcher)).toEqual(["ada"]);
    expect(watcher.transitions(undefined)).toEqual([]);
  }, 40_000);

  it("is not ended for a pause of the store, when a new node is the first to come after it", async () => {
    const node = await redis.nodes.start();
    await node.backplane.applyPresence([opened("ada")]);
    const { beat, register } = createScripts();
    await redis.server.control(async (client) => {
      const pausedAt = Date.now() - 15_000;
      await client.set(`${PREFIX}beat`, String(pausedAt));
      await client.zAdd(`${PREFIX}leases`, { score: pausedAt, value: `${node.backplane.nodeId}/1` });
    });
    expect(await node.backplane.nodes()).toEqual([node.backplane.nodeId]);
    await run(register, "new", "new/1", "6000", "state");
    await run(beat, "new/1", "6000", "4000", "200", "state");
    expect(await online(node)).toEqual(["ada"]);
    expect(node.transitions(undefined)).toEqual(["+ada"]);
  });

  it("that the store has ended is taken anew, with everything that is still open [I13]", async () => {
    const node = await startDeclaring([opened("ada")]);
    const watcher = await redis.nodes.start();
    // As long as the node is frozen, another one ends its lease.
    const { drop } = createScripts();
    await run(drop, node.backplane.nodeId, "inf", "200");
    await expect.poll(() => watcher.events(undefined).map(({ kind }) => kind)).toContain("left");
    watcher.transitions(undefined);
    await expect.poll(() => node.fenced, { timeout: 10_000 }).toBe(1);
    await expect.poll(() => online(watcher)).toEqual(["ada"]);
    await expect.poll(() => watcher.transitions(undefined)).toEqual(["+ada"]);
    const leases = await redis.server.control((client) => client.zRange(`${PREFIX}leases`, 0, -1));
    expect(leases.filter((lease) => lease.startsWith(node.backplane.nodeId))).toEqual([
      `${node.backplane.nodeId}/2`,
    ]);
  }, 20_000);
});

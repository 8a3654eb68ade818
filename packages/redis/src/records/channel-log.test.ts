import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import { clientFactory } from "../common/redis-client.ts";
import { checkedOptions } from "../options.ts";
import { RedisBackplane } from "../redis-backplane.ts";
import { createScripts } from "../scripts/scripts.ts";

const redis = useRedis();

const HISTORY = { messages: 100, bytes: 1e6, ms: 60_000 };
const ref = { user: "ada", client: "c" };
const work = (key: number, claim = key, digest = 1) => ({ ref, key, digest, claim });
const message = (data: string) => ({
  ...{ channel: "room:a", data, history: HISTORY },
  result: ['{"off":', "}"] as const,
});

async function start() {
  const [one, two] = [await redis.nodes.start(), await redis.nodes.start()];
  await two.backplane.subscribe("room:a");
  const send = async (sent: ReturnType<typeof work>, data: string) =>
    one.backplane.publishOnce?.(sent, message(data));
  return { one: one.backplane, two: two.backplane, texts: () => two.texts("room:a"), send };
}

describe("a send whose whole effect is one message", () => {
  it("is begun, published and settled in one step, and every node knows its result [I15]", async () => {
    const { send, texts, two } = await start();
    const result = await send(work(1), "first");
    const { top } = await two.read("room:a", { after: 0, limit: 10 });
    expect(result).toBe(`{"off":${String(top)}}`);
    expect(await two.begin(work(1, 7))).toEqual({ state: "done", result });
    expect(await send(work(2), "second")).toBeDefined();
    await expect.poll(texts).toEqual(["first", "second"]);
  });

  it("has no effect where it was begun before, or is out of order: begin says what became of it [I15]", async () => {
    const { one, send, texts, two } = await start();
    await send(work(1), "once");
    expect(await send(work(1, 9), "once")).toBeUndefined();
    expect(await send(work(3), "out of order")).toBeUndefined();
    expect(await one.begin(work(3))).toEqual({ state: "conflict" });
    expect(await one.begin(work(1, 9, 2))).toEqual({ state: "conflict" });
    expect(await two.begin(work(2, 5))).toEqual({ state: "run" });
    expect(await send(work(2), "runs elsewhere")).toBeUndefined();
    expect(await one.begin(work(2))).toMatchObject({ state: "running", claim: { number: 5 } });
    await send(work(1, 10), "once");
    await expect.poll(texts).toEqual(["once"]);
  });

  it("would be stored twice without a look at what was begun [I15]", async () => {
    const { text } = createScripts().send;
    const mutant = text.replace("if stored[1] or ", "if false and ");
    expect(mutant).not.toBe(text);
    const [{ url }, scripts] = [
      redis.server,
      { ...createScripts(), send: { text: mutant, sha: "0".repeat(40) } },
    ];
    const parts = { createClient: clientFactory({ url }), scripts };
    const backplane = new RedisBackplane(checkedOptions({ url }), parts);
    for (const claim of [1, 2])
      expect(await backplane.publishOnce(work(1, claim), message("once"))).toBeDefined();
    expect((await backplane.read("room:a", { after: 0, limit: 10 })).entries).toHaveLength(2);
    await backplane.stop();
  });

  it("is kept for as long as its client is connected, and for 5 min where it is not", async () => {
    const { one, send } = await start();
    const ttl = (): Promise<number> => redis.server.control((client) => client.pTTL(`halyard:client:3:adac`));
    await send(work(1), "away");
    expect(await ttl()).toBeGreaterThan(290_000);
    await one.applyPresence([
      { op: "+", room: undefined, user: "ada", connectionId: "1", client: "c", attempt: 1, profile: "{}" },
    ]);
    await send(work(2), "here");
    expect(await ttl()).toBe(-1);
  });
});

it("a publish whose answer is lost is stored once, however long its call may take", async () => {
  let lose: ((error: Error) => void) | undefined;
  const { sha } = createScripts().publish;
  const node = await redis.nodes.start({
    timeoutMs: 30_000,
    wrap: (client) => {
      const send = client.sendCommand.bind(client);
      const sendAndLose = async (args: readonly string[]): Promise<unknown> => {
        await send(args);
        return new Promise((_, reject) => (lose = reject));
      };
      return Object.assign(client, {
        sendCommand: (args: readonly string[]) =>
          args[1] === sha && lose === undefined ? sendAndLose(args) : send(args),
      });
    },
  });
  const publishing = node.publish("room:a", "once", { history: HISTORY });
  const length = async () => (await node.backplane.read("room:a", { after: 0, limit: 9 })).entries.length;
  await expect.poll(length).toBe(1);
  await redis.server.control(async (client) => {
    for (const key of await client.keys("*publication*"))
      await client.pExpire(key, (await client.pTTL(key)) - 20_000);
    await client.sendCommand(["CLIENT", "KILL", "TYPE", "normal"]);
  });
  await expect.poll(() => node.backplane.health().state).toBe("down");
  lose?.(new Error("the connection was lost"));
  expect(await publishing).toMatchObject({ duplicate: false });
  expect(await length()).toBe(1);
}, 20_000);

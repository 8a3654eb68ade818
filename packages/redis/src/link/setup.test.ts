import { inspect } from "node:util";
import { createClient } from "@redis/client";
import { describe, expect, it } from "vitest";
import { StoreClock } from "../common/store-clock.ts";
import { systemClock } from "../common/system-clock.ts";
import { redisBackplane } from "../create-redis-backplane.ts";
import { checkedOptions } from "../options.ts";
import { Keys } from "../scripts/keys.ts";
import { createScripts } from "../scripts/scripts.ts";
import { useRedis } from "../../test/real-nodes.ts";
import type { RedisClient } from "../common/redis-client.ts";
import { setUp } from "./setup.ts";

const redis = useRedis();

/** A server that answers INFO with this text, and everything else with OK. */
async function serverWith(info: string): Promise<string | undefined> {
  const client = {
    sendCommand: ([name]: readonly string[]) =>
      Promise.resolve(name === "INFO" ? info : name === "TIME" ? ["1", "0"] : null),
  } as unknown as RedisClient;
  const options = checkedOptions({ url: redis.server.url });
  const parts = { options, scripts: createScripts(), time: new StoreClock(systemClock) };
  const { warning } = await setUp(client, { keys: new Keys("halyard", 16), ...parts });
  return warning;
}

function catchError(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

describe("a backplane at its start", () => {
  it("refuses a Redis before 7.0, and says which one it is", async () => {
    await expect(serverWith("redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n")).rejects.toThrow(
      "redisBackplane needs Redis 7.0 or newer; this one is 6.2.14",
    );
  });

  it.each(["7.0.0", "7.4.2", "8.2.1", "10.0.0"])("takes Redis %s", async (version) => {
    expect(await serverWith(`redis_version:${version}\r\nmaxmemory_policy:noeviction\r\n`)).toBeUndefined();
  });

  it("refuses a Redis that evicts any key, and says what to set", async () => {
    await redis.server.control((client) => client.configSet("maxmemory-policy", "allkeys-lru"));
    const node = redis.nodes.create();
    await expect(node.backplane.start(node)).rejects.toThrow(/maxmemory-policy allkeys-lru.*noeviction/);
    await expect(node.publish("a", "1")).rejects.toThrow("allkeys-lru");
    expect(node.backplane.health()).toMatchObject({
      state: "down",
      lastError: expect.stringContaining("allkeys") as string,
    });
    await redis.server.control((client) => client.configSet("maxmemory-policy", "volatile-ttl"));
    expect((await redis.nodes.start()).backplane.health().lastError).toBeUndefined();
    await redis.server.control((client) => client.configSet("maxmemory-policy", "noeviction"));
  });

  it.each([{ partitions: 32 }, { leaseMs: 9_000 }])(
    "refuses settings that differ from those of the other nodes: %j [trap 6]",
    async (other) => {
      await redis.nodes.start();
      const second = redis.nodes.create(other);
      await expect(second.backplane.start(second)).rejects.toThrow(
        /have schema=1 partitions=16 leaseMs=7000, and this one has schema=1 .*All need the same/,
      );
      await expect(second.publish("a", "1")).rejects.toThrow("All need the same");
      const third = await redis.nodes.start({ ...other, prefix: "other" });
      await third.publish("a", "1");
    },
  );

  it("refuses settings that differ from those of nodes whose Redis was emptied [trap 6]", async () => {
    await redis.nodes.start();
    await redis.server.control((client) => client.flushAll());
    const settings = () => redis.server.control((client) => client.get("halyard:settings"));
    await expect.poll(settings, { timeout: 5_000 }).toContain("partitions=16");
    const other = redis.nodes.create({ partitions: 32 });
    await expect(other.publish("all", "1")).rejects.toThrow("have schema=1 partitions=16");
  }, 10_000);

  it.each([
    ["prefixes", () => [{ prefix: "app:one" }, { prefix: "app" }]],
    ["databases in the URL", () => [{ url: `${redis.server.url}/1` }, { url: redis.server.url }]],
    [
      "databases of their own clients",
      () => [1, 2].map((database) => ({ client: createClient({ url: redis.server.url, database }) })),
    ],
  ])("keeps applications with different %s apart [trap 6]", async (_, optionsOfBoth) => {
    const [first, second] = optionsOfBoth();
    const [one, two] = [await redis.nodes.start(first), await redis.nodes.start(second)];
    for (const { backplane } of [one, two]) await backplane.subscribe("a");
    await one.publish("a", "of one");
    await one.backplane.applyPresence([
      { op: "+", room: undefined, user: "ada", connectionId: "1", profile: "{}" },
    ]);
    await one.backplane.announce("a notice");
    await one.backplane.send(two.backplane.nodeId, "a message").catch(() => {});
    await one.backplane.revoke({ user: "ada", notBefore: 1, code: 4403, reason: "" }, 60_000);
    await two.publish("a", "of two");
    await two.backplane.applyPresence([
      { op: "+", room: undefined, user: "bea", connectionId: "1", profile: "{}" },
    ]);
    expect([one.texts("a"), two.texts("a")]).toEqual([["of one"], ["of two"]]);
    expect([one.transitions(undefined), two.transitions(undefined)]).toEqual([["+ada"], ["+bea"]]);
    expect([two.notices, two.messages, two.revoked]).toEqual([[], [], []]);
    const page = await two.backplane.roster(undefined, { cursor: undefined, limit: 10 });
    expect(page.entries.map(({ user }) => user)).toEqual(["bea"]);
  });

  it("refuses a wrong password at once, and does not repeat it in the message", async () => {
    await redis.server.control((client) =>
      client.sendCommand(["ACL", "SETUSER", "app", "on", ">right", "+@all"]),
    );
    const node = redis.nodes.create({ url: redis.server.url.replace("//", "//app:wrong-password@") });
    const failure = await node.backplane.start(node).catch((error: unknown) => String(error));
    expect(failure).toContain("Redis refuses this user: WRONGPASS");
    expect(failure).not.toContain("wrong-password");
    await expect.poll(() => node.backplane.health().lastError).toContain("WRONGPASS");
  });
});

describe("the options of a backplane", () => {
  it.each(["app:", Buffer.from("app:")])(
    "refuse a client with a key prefix of its own, which does not reach pub/sub [trap 5]: %s",
    (keyPrefix) => {
      const client = createClient({ url: redis.server.url, keyPrefix });
      expect(() => redisBackplane({ client })).toThrow('redisBackplane({ client, prefix: "app" })');
    },
  );

  it("bound the calls under way, and not the queue of the application's client", async () => {
    const client = createClient({ url: redis.server.url, commandsQueueMaxLength: 1 });
    const backplane = redisBackplane({ client, prefix: "bound" });
    const reads = Array.from({ length: 20 }, async () =>
      backplane.roster(undefined, { cursor: undefined, limit: 1 }),
    );
    expect(await Promise.allSettled(reads)).toEqual(
      reads.map(() => expect.objectContaining({ status: "fulfilled" }) as object),
    );
    await backplane.stop();
  });

  it.each(["a{b}", "a b", "", "a*", "é", "a\0"])("refuse the prefix %j [trap 7]", (prefix) => {
    expect(() => redisBackplane({ url: redis.server.url, prefix })).toThrow("prefix has letters, digits");
  });

  it.each([
    "redis://app:pass/word@localhost:6379",
    "redis://app:pass%word@localhost:6379",
    "redis://app:password@localhost:66379",
    "redis://app:password@localhost/first",
    "redis://app:password@localhost/1.5",
  ])("refuse a URL that cannot be read, and do not repeat its password: %s", (url) => {
    const error = catchError(() => redisBackplane({ url }));
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toMatch(/url cannot be read: write redis:.*encodeURIComponent/);
    expect(inspect(error)).not.toMatch(/pass.?word@localhost/);
  });

  it("refuse a prefix under which the keys of a shorter one may be", () => {
    expect(() => redisBackplane({ url: redis.server.url, prefix: "app:rooms" })).toThrow('no part "rooms"');
    expect(() => redisBackplane({ url: redis.server.url, prefix: "rooms:app" })).not.toThrow();
    const texts = Object.values(createScripts()).map(({ text }) => text);
    const names = texts.flatMap((text) => [...text.matchAll(/K \.\. '([a-z-]+)/g)].map(([, name]) => name));
    expect(names).toContain("slots");
    const isAllowed = (name = ""): boolean =>
      !(
        catchError(() => redisBackplane({ url: redis.server.url, prefix: `app:${name}` })) instanceof
        TypeError
      );
    expect([...new Set(names)].filter(isAllowed)).toEqual([]);
  });
});

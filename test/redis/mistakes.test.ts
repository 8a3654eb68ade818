// Mistakes with Redis: with nothing but defaults, the console says what is wrong and what to write.
import { redisBackplane } from "@halyard/redis";
import { createCluster, createSentinel } from "@redis/client";
import { createPublisher } from "@halyard/server/publisher";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RedisServer } from "../../packages/redis/test/redis-server.ts";
import { until } from "../support/wait.ts";
import { expectRow, Scene } from "../robustness/mistakes/scene.ts";

const scene = new Scene();
let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.close());

it("a Redis that is not there is said once, and that it is back [s-M1]", async () => {
  const away = await RedisServer.start();
  await away.kill();
  try {
    await scene.serve({ backplane: redisBackplane({ url: away.url }) });
    await expectRow("redis-not-there", scene.said);
    await away.start();
    await until("the return", () =>
      scene.lines.some((line) => line.includes("the backplane can be used again")),
    );
    expect(scene.lines.filter((line) => line.includes("cannot be used"))).toHaveLength(1);
  } finally {
    await away.close();
  }
});

it("an emptied Redis is reported once in the log", async () => {
  await scene.serve({ backplane: redisBackplane({ url: redis.url, prefix: "emptied" }) });
  await until("the node", () => redis.control((client) => client.exists("emptied:settings")).then(Boolean));
  await redis.control((client) => client.flushAll());
  await expectRow("redis-emptied", scene.said);
  expect(scene.lines.filter((line) => line.includes("has lost its data"))).toHaveLength(1);
});

it("a wrong password is said, without the password [s-M1]", async () => {
  await redis.control((client) =>
    client.sendCommand(["ACL", "SETUSER", "app", "on", ">right", "~*", "&*", "+@all"]),
  );
  const url = redis.url.replace("//", "//app:wrong-password@");
  await scene.serve({ backplane: redisBackplane({ url }) });
  await expectRow("redis-password", scene.said);
  expect(scene.lines.join("\n")).not.toContain("wrong-password");
});

/** Changes a user with all rights, and makes a backplane for it. */
async function setLesser(...rules: readonly string[]) {
  await redis.control((client) => client.sendCommand(["ACL", "SETUSER", "lesser", ...rules]));
  return redisBackplane({ url: redis.url.replace("//", "//lesser:right@"), prefix: "lesser" });
}

it("a right that a user lacks is said [s-M1]", async () => {
  await scene.serve({ backplane: await setLesser("on", ">right", "~*", "&*", "+@all", "-publish") });
  await expectRow("redis-rights", scene.said);
});

it("a right that is taken away is said once, and that it is back [s-M1]", async () => {
  const { manager } = scene.system({ backplane: await setLesser("on", ">right", "~*", "&*", "+@all") });
  const publish = () => manager.broadcastMessage({ type: "announcement", message: "1" });
  expect((await publish()).error).toBeUndefined();
  await setLesser("-publish");
  expect(await publish()).toMatchObject({ error: { code: "unavailable" } });
  const said = () => scene.lines.filter((line) => line.includes("cannot be used"));
  await until("the log", () => said().length > 0);
  await publish();
  await setLesser("+publish");
  await until("the return", () =>
    scene.lines.some((line) => line.includes("the backplane can be used again")),
  );
  expect(said()).toEqual([expect.stringContaining("Write ACL SETUSER app +publish, where")]);
});

it("a replica, which takes no writes, is said [s-M1]", async () => {
  const { port } = new URL(redis.url);
  const replica = await RedisServer.start({ args: ["--replicaof", "127.0.0.1", port] });
  try {
    await scene.serve({ backplane: redisBackplane({ url: replica.url }) });
    await expectRow("redis-replica", scene.said);
  } finally {
    await replica.close();
  }
});

it("a node of a cluster, which has some of the keys only, is said", async () => {
  const node = await RedisServer.start({ args: ["--cluster-enabled", "yes"] });
  try {
    await scene.serve({ backplane: redisBackplane({ url: node.url }) });
    await expectRow("redis-cluster", scene.said);
  } finally {
    await node.close();
  }
});

it.each([
  ["a cluster", createCluster({ rootNodes: [{ url: "redis://host:6379" }] })],
  ["a sentinel", createSentinel({ name: "primary", sentinelRootNodes: [{ host: "host", port: 26_379 }] })],
  ["a client of another package", { options: {}, duplicate: () => undefined, status: "ready" }],
  ["null", null],
])("redis-client: %s in place of a client throws", async (_, client) => {
  await expectRow("redis-client", { throws: () => redisBackplane({ client: client as never }) });
});

it("a password that is not encoded in the URL throws, without the password [s-M1]", async () => {
  const url = "redis://app:pass/word@localhost:6379";
  await expectRow("redis-url", { throws: () => redisBackplane({ url }) });
});

it("a publisher says what was not published, once [s-M1]", async () => {
  const away = await RedisServer.start();
  await away.kill();
  const backplane = redisBackplane({ url: away.url, timeoutMs: 200 });
  const publisher = createPublisher({ backplane });
  try {
    for (const message of ["1", "2"])
      expect(await publisher.broadcastMessage({ type: "announcement", message })).toMatchObject({
        error: { code: "unavailable" },
      });
    const said = scene.lines.filter((line) => line.startsWith("[halyard] a message was not published"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("ECONNREFUSED");
  } finally {
    await publisher.close();
    await away.close();
  }
});

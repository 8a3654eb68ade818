import { expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";

const redis = useRedis();

it("a node that runs is used again once a setting of Redis is right that was wrong at a new connection", async () => {
  const node = await redis.nodes.start();
  await redis.server.control(async (client) => {
    await client.configSet("maxmemory-policy", "allkeys-lru");
    await client.sendCommand(["CLIENT", "KILL", "TYPE", "normal"]);
  });
  const health = () => node.backplane.health();
  await expect.poll(() => health().lastError).toContain("Set maxmemory-policy to noeviction");
  expect(health().state).toBe("down");
  await expect(node.publish("all", "1")).rejects.toThrow("Set maxmemory-policy to noeviction");
  await redis.server.control((client) => client.configSet("maxmemory-policy", "noeviction"));
  await expect.poll(() => health().state, { timeout: 5_000 }).toBe("up");
  await node.publish("all", "2");
}, 15_000);

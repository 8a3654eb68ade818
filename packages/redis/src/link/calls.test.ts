import { expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import { createScripts } from "../scripts/scripts.ts";

const redis = useRedis();

it("a node keeps its lease and declares its users where as many calls are under way as may be", async () => {
  const { sha } = createScripts().publish;
  const node = await redis.nodes.start({
    ...{ maxPendingCalls: 3, timeoutMs: 6_000 },
    wrap: (client) => {
      const send = client.sendCommand.bind(client);
      const never = new Promise<never>(() => {});
      return Object.assign(client, {
        sendCommand: (args: readonly string[]) => (args[1] === sha ? never : send(args)),
      });
    },
  });
  for (let count = 0; count < 3; count++) node.publish("all", "1").catch(() => {});
  await expect(node.publish("all", "1")).rejects.toMatchObject({ hasNoEffect: true });
  await node.backplane.applyPresence([
    { op: "+", room: undefined, user: "ada", connectionId: "1", profile: "{}" },
  ]);
  const lease = `${node.backplane.nodeId}/1`;
  const end = () => redis.server.control((client) => client.zScore("halyard:leases", lease));
  const first = Number(await end());
  await expect.poll(end, { timeout: 4_000 }).toBeGreaterThan(first);
  expect(node.backplane.health().state).toBe("up");
}, 20_000);

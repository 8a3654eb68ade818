import { expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import { Keys } from "../scripts/keys.ts";

const redis = useRedis();
const topic = new Keys("halyard", 16).channel("room:a").messages;

it("a node passes no message on before all channels are followed again, and it is told of the interruption", async () => {
  const one = await redis.nodes.start();
  let onFollowed = (): Promise<unknown> => Promise.resolve();
  const two = await redis.nodes.start({
    wrap: (client) => {
      const subscribe = client.subscribe.bind(client);
      return Object.assign(client, {
        subscribe: async (...[channels, listener]: Parameters<typeof subscribe>) => {
          await subscribe(channels, listener);
          if (!channels.includes(topic)) return;
          await onFollowed();
          // Redis answers this behind what it has pushed before.
          await subscribe(["other"], () => undefined);
        },
      });
    },
  });
  await two.backplane.subscribe("room:a");
  await one.publish("room:a", "before");
  await expect.poll(() => two.texts("room:a")).toEqual(["before"]);
  let early: unknown;
  onFollowed = () => one.publish("room:a", "early");
  two.onInterrupted = () => (early ??= two.texts("room:a"));
  await redis.server.control((client) => client.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]));
  await expect.poll(() => early, { timeout: 15_000 }).toEqual(["before"]);
  await one.publish("room:a", "late");
  await expect.poll(() => two.texts("room:a")).toEqual(["before", "late"]);
  const { entries } = await two.backplane.read("room:a", { after: 0, limit: 10 });
  expect(entries.map(({ data }) => data)).toEqual(["before", "early", "late"]);
}, 20_000);

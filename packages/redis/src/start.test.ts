import { expect, it } from "vitest";
import type { Clock } from "@halyard/server";
import { useRedis } from "../test/real-nodes.ts";
import { systemClock } from "./common/system-clock.ts";
import { createScripts } from "./scripts/scripts.ts";

const redis = useRedis();

const moments = ["INFO", "SCRIPT", "SET", "TIME", createScripts().register.sha];

it.each(moments)(
  "a node that is closed while it starts leaves no timer and no lease: at %s",
  async (moment) => {
    const timers = new Set<unknown>();
    const clock: Clock = {
      ...systemClock,
      setTimeout: (callback, ms) => {
        const timer = systemClock.setTimeout(() => {
          timers.delete(timer);
          callback();
        }, ms);
        timers.add(timer);
        return timer;
      },
      clearTimeout: (timer) => {
        timers.delete(timer);
        systemClock.clearTimeout(timer);
      },
    };
    let stopping: Promise<void> | undefined;
    const node = redis.nodes.create({
      clock,
      wrap: (client) => {
        const send = client.sendCommand.bind(client);
        return Object.assign(client, {
          sendCommand: (args: readonly string[]) => {
            if (args.includes(moment)) stopping ??= Promise.resolve().then(() => node.backplane.stop());
            return send(args);
          },
        });
      },
    });
    await node.backplane.start(node).catch(() => {});
    await stopping;
    await expect.poll(() => timers.size).toBe(0);
    expect(await redis.server.control((client) => client.exists("halyard:leases"))).toBe(0);
  },
);

// The suite of backplanes on a redis-server, in time that the tests control.
import { describeBackplane } from "../../server/test/backplane-suite.ts";
import { checkedOptions } from "../src/options.ts";
import { RedisBackplane } from "../src/redis-backplane.ts";
import type { RedisServer } from "./redis-server.ts";
import { StoreTime } from "./store-time.ts";

/** @param prepare runs before each test, on an empty server. @returns the URL of the nodes */
export function describeOnRedis(server: () => RedisServer, prepare: () => string | Promise<string>): void {
  describeBackplane(
    "redis",
    async () => {
      await server().control((client) => client.flushAll());
      const url = await prepare();
      const time = new StoreTime(server());
      const { clock, scripts } = time;
      return {
        node: () =>
          new RedisBackplane(checkedOptions({ url }), {
            clock,
            scripts,
            createClient: time.clients(url),
          }),
        advance: (ms) => time.advance(ms),
        settle: () => time.settle(),
        close: () => Promise.resolve(),
      };
    },
    { isShared: true },
  );
}

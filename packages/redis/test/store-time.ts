// Time that a test controls, in Redis and in the nodes on it: nothing waits for minutes.
import { setTimeout as sleep } from "node:timers/promises";
import { createTestClock } from "@halyard/testing";
import { clientFactory } from "../src/common/redis-client.ts";
import type { ClientFactory } from "../src/common/redis-client.ts";
import { createScripts } from "../src/scripts/scripts.ts";
import type { RedisServer } from "./redis-server.ts";

/** The key of what the test has advanced. */
export const OFFSET = "test:offset";
/** Shorter than the deadline of a call. */
const STEP_MS = 1_000;
/** Of a longer time the rest passes at once, in Redis only, as when no node beats. */
const MOST_MS = 10_000;
/** In it what is on its way on loopback arrives. */
const ARRIVAL_MS = 4;

/** The time of a store and its nodes. */
export class StoreTime {
  readonly clock = createTestClock();
  readonly #startedAt = Date.now();
  /** The scripts, with a clock that stands still but for what the test has advanced, as that of the nodes does. */
  readonly scripts = createScripts(
    `now = function() return ${String(this.#startedAt)} + tonumber(redis.call('GET', '${OFFSET}') or '0') end`,
  );
  readonly #server: RedisServer;

  constructor(server: RedisServer) {
    this.#server = server;
  }

  /** Creates clients to which Redis tells the same time as to the scripts. */
  clients(url: string): ClientFactory {
    const create = clientFactory({ url });
    return () => {
      const client = create();
      const send = client.sendCommand.bind(client);
      const time = async (): Promise<[string, string]> => {
        const date = this.#startedAt + Number((await send(["GET", OFFSET])) ?? 0);
        return [String(Math.floor(date / 1_000)), String((date % 1_000) * 1_000)];
      };
      return Object.assign(client, {
        sendCommand: (args: readonly string[]) => (args[0] === "TIME" ? time() : send(args)),
      });
    };
  }

  async advance(ms: number): Promise<void> {
    const walked = Math.min(ms, MOST_MS);
    if (ms > walked) await this.#shift(ms - walked);
    for (let left = walked; left > 0; left -= STEP_MS) {
      const step = Math.min(left, STEP_MS);
      await this.#shift(step);
      await this.clock.advance(step);
      await this.settle();
    }
  }

  /** Lets everything arrive that is on its way. The calls' deadlines are on a clock that stands still. */
  async settle(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await sleep(ARRIVAL_MS);
      await this.clock.advance(0);
    }
  }

  /** What Redis itself expires is brought nearer to its end. */
  async #shift(ms: number): Promise<void> {
    await this.#server.control(async (client) => {
      await client.incrBy(OFFSET, ms);
      for (const key of await client.keys("*")) {
        const ttl = await client.pTTL(key);
        if (ttl > 0) await client.pExpire(key, Math.max(1, ttl - ms));
      }
    });
  }
}

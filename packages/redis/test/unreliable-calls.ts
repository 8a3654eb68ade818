// Calls of a node that are lost, late or doubled on their way to Redis, as on a bad network.
import type { RedisClient } from "../src/common/redis-client.ts";
import type { RedisServer } from "./redis-server.ts";
import { createClient } from "@redis/client";
import type { RedisClientType } from "@redis/client";

/** How long a late call is on its way, at most, ms. */
const LATE_MS = 200;

/** Faults of the connections that it wraps, while it is active. */
export class UnreliableCalls {
  isActive = false;
  /** How many calls had a fault. */
  faults = 0;
  readonly #random: () => number;
  /** What is late comes by another way: the connection may be given up by then. */
  readonly #detour: RedisClientType;

  private constructor(random: () => number, detour: RedisClientType) {
    this.#random = random;
    this.#detour = detour;
  }

  static async create(server: RedisServer, random: () => number): Promise<UnreliableCalls> {
    const detour: RedisClientType = createClient({ url: server.url });
    detour.on("error", () => {});
    await detour.connect();
    return new UnreliableCalls(random, detour);
  }

  readonly wrap = (client: RedisClient): RedisClient => {
    const send = client.sendCommand.bind(client);
    return Object.assign(client, {
      sendCommand: (args: readonly string[]): Promise<unknown> => {
        const dice = this.#random();
        if (!this.isActive || args[0] !== "EVALSHA" || dice > 0.5) return send(args);
        this.faults++;
        const never = new Promise<never>(() => {});
        if (dice < 0.1) return never;
        if (dice < 0.2) {
          send(args).catch(() => {});
          return never;
        }
        this.#sendLate(args);
        return dice < 0.35 ? never : send(args);
      },
    });
  };

  close(): void {
    this.isActive = false;
    this.#detour.destroy();
  }

  #sendLate(args: readonly string[]): void {
    setTimeout(() => {
      this.#detour.sendCommand([...args]).catch(() => {});
    }, LATE_MS * this.#random());
  }
}

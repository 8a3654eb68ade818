// A network between one node and Redis that carries nothing for a while, and does not say so.
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import type { RedisServer } from "./cluster.ts";

export class BrokenNetwork {
  readonly #proxy: FaultProxy;
  readonly #isBroken: { value: boolean };

  private constructor(proxy: FaultProxy, isBroken: { value: boolean }) {
    this.#proxy = proxy;
    this.#isBroken = isBroken;
  }

  static async create(redis: RedisServer): Promise<BrokenNetwork> {
    const isBroken = { value: false };
    const proxy = await createFaultProxy({
      target: { port: redis.port },
      onConnection: (connection) => {
        if (isBroken.value) connection.stall();
      },
    });
    return new BrokenNetwork(proxy, isBroken);
  }

  /** Where the node finds Redis. */
  get url(): string {
    return `redis://127.0.0.1:${String(this.#proxy.port)}`;
  }

  /** From now on no byte passes, in either direction, also of new connections. */
  breakDown(): void {
    this.#isBroken.value = true;
    for (const connection of this.#proxy.connections) connection.stall();
  }

  /** Everything passes again. What was on its way arrives late, or never: then the old connections stay silent. */
  heal(waiting: "loses" | "delays"): void {
    this.#isBroken.value = false;
    for (const connection of this.#proxy.connections)
      if (waiting === "delays") connection.resume();
      else connection.halfOpen();
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}

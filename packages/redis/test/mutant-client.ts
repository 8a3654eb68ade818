// A client of node-redis that changes a script on its way to Redis: what a test must notice.
// Used by the suites; a node runs the mutant with `redisBackplane({ client: mutantClient(url, mutation) })`.
import { createHash } from "node:crypto";
import { createClient } from "@redis/client";
import type { RedisClient } from "../src/common/redis-client.ts";

/** A text in the scripts, and what stands in its place. */
export interface Mutation {
  readonly from: string;
  readonly to: string;
}

export function mutantClient(url: string, mutation: Mutation): RedisClient {
  return new MutantClient(createClient({ url }), new Mutator(mutation));
}

/** Changes scripts, and knows the hash of the changed one by that of the original. */
class Mutator {
  readonly #mutation: Mutation;
  readonly #hashes = new Map<string, string>();

  constructor(mutation: Mutation) {
    this.#mutation = mutation;
  }

  change(args: readonly string[]): readonly string[] {
    const [command, ...rest] = args;
    if (command === "SCRIPT" && rest[0] === "LOAD") return ["SCRIPT", "LOAD", this.#mutant(rest[1] ?? "")];
    if (command === "EVAL") return ["EVAL", this.#mutant(rest[0] ?? ""), ...rest.slice(1)];
    if (command === "EVALSHA") {
      const [hash = "", ...values] = rest;
      return ["EVALSHA", this.#hashes.get(hash) ?? hash, ...values];
    }
    return args;
  }

  #mutant(text: string): string {
    const mutant = text.replace(this.#mutation.from, () => this.#mutation.to);
    this.#hashes.set(hashOf(text), hashOf(mutant));
    return mutant;
  }
}

class MutantClient implements RedisClient {
  readonly #client: RedisClient;
  readonly #mutator: Mutator;

  constructor(client: RedisClient, mutator: Mutator) {
    this.#client = client;
    this.#mutator = mutator;
  }

  get options(): RedisClient["options"] {
    return this.#client.options;
  }

  duplicate(overrides?: object): RedisClient {
    return new MutantClient(this.#client.duplicate(overrides), this.#mutator);
  }

  connect(): Promise<unknown> {
    return this.#client.connect();
  }

  sendCommand(args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(this.#mutator.change(args));
  }

  subscribe(...args: Parameters<RedisClient["subscribe"]>): Promise<void> {
    return this.#client.subscribe(...args);
  }

  unsubscribe(...args: Parameters<RedisClient["unsubscribe"]>): Promise<void> {
    return this.#client.unsubscribe(...args);
  }

  destroy(): void {
    this.#client.destroy();
  }

  on(event: "error", listener: (error: Error) => void): unknown {
    return this.#client.on(event, listener);
  }
}

function hashOf(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

// A network namespace for one node, and two cables to it: one for clients, and one for Redis, which a test unplugs.
// Needs root. The addresses are of the block for tests of network devices (RFC 2544), which no router forwards.
import { execFileSync } from "node:child_process";
import type { RedisServer } from "./cluster.ts";

type End = "node" | "Redis";

const CLIENTS = { outside: "198.18.213.1", inside: "198.18.213.2", block: "198.18.213.0/30" };
const REDIS = { outside: "198.18.213.5", inside: "198.18.213.6", block: "198.18.213.4/30" };

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

export class NetworkNamespace {
  /** Also of the cables, whose names have at most 15 letters. */
  readonly name = `halyard${String(process.pid % 1e6)}`;
  readonly #redisEnds = { node: `${this.name}ri`, Redis: `${this.name}ro` };

  /** @returns undefined where there can be namespaces */
  static whyMissing(): string | undefined {
    if (process.getuid?.() !== 0) return "network namespaces need root";
    try {
      NetworkNamespace.create().close();
      return undefined;
    } catch (error) {
      const [, line = String(error)] = String(error).split("\n");
      return `network namespaces are not possible here: ${line}`;
    }
  }

  static create(): NetworkNamespace {
    const namespace = new NetworkNamespace();
    try {
      namespace.#open();
      return namespace;
    } catch (error) {
      namespace.close();
      throw error;
    }
  }

  /** Where clients find the node. */
  readonly nodeHost = CLIENTS.inside;

  /** So that Redis answers the namespace, too. */
  readonly redisArgs = ["--bind", "127.0.0.1", REDIS.outside, "--protected-mode", "no"];

  /** Where the node finds Redis. */
  urlOf({ port }: RedisServer): string {
    return `redis://${REDIS.outside}:${String(port)}`;
  }

  /** Takes one end of the cable to Redis down: nothing passes, in either direction, and no connection is told. */
  unplug(end: End): void {
    this.#set(end, "down");
  }

  plugIn(end: End): void {
    this.#set(end, "up");
  }

  close(): void {
    const isThere = execFileSync("ip", ["netns", "list"]).toString().includes(this.name);
    // The cables end with it.
    if (isThere) ip("netns", "del", this.name);
    try {
      ip("route", "del", "blackhole", REDIS.block);
    } catch {
      // It has not been added.
    }
  }

  #open(): void {
    const { name } = this;
    ip("netns", "add", name);
    this.#lay(`${name}co`, `${name}ci`, CLIENTS);
    this.#lay(this.#redisEnds.Redis, this.#redisEnds.node, REDIS);
    ip("-n", name, "link", "set", "lo", "up");
    // While the end of Redis is down, the machine has no other way to the node.
    ip("route", "add", "blackhole", REDIS.block, "metric", "4096");
  }

  #lay(outside: string, inside: string, addresses: typeof CLIENTS): void {
    ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", this.name);
    ip("addr", "add", `${addresses.outside}/30`, "dev", outside);
    ip("-n", this.name, "addr", "add", `${addresses.inside}/30`, "dev", inside);
    ip("link", "set", outside, "up");
    ip("-n", this.name, "link", "set", inside, "up");
  }

  #set(end: End, state: "up" | "down"): void {
    const inside = end === "node" ? ["-n", this.name] : [];
    ip(...inside, "link", "set", this.#redisEnds[end], state);
  }
}

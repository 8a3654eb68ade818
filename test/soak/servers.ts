// The nodes of a soak and their Redis. `soak` starts them; one node alone keeps its state in memory.
import { RedisServer } from "../../packages/redis/test/redis-server.ts";
import { ServerProcess } from "./server-process.ts";
import type { ServerStats } from "./server-process.ts";

interface ServersParts {
  readonly nodes: number;
  readonly redis: boolean;
  readonly directory: string;
  readonly chatPerSecond: number;
}

/** All nodes of a soak. */
export class Servers {
  readonly nodes: readonly ServerProcess[];
  readonly redis: RedisServer | undefined;
  #turn = 0;

  private constructor(nodes: readonly ServerProcess[], redis: RedisServer | undefined) {
    this.nodes = nodes;
    this.redis = redis;
  }

  static async start({
    nodes: count,
    redis: hasRedis,
    directory,
    chatPerSecond,
  }: ServersParts): Promise<Servers> {
    // Redis writes to disk before it answers, so that a kill loses nothing that it has confirmed.
    const redis = hasRedis ? await RedisServer.start({ args: ["--appendonly", "yes"] }) : undefined;
    const nodes = Array.from({ length: count }, (_, index) => {
      const name = count === 1 ? "server" : `node-${String.fromCharCode(97 + index)}`;
      return new ServerProcess({ name, directory, chatPerSecond, redis: redis?.url });
    });
    const servers = new Servers(nodes, redis);
    for (const node of nodes) await node.start();
    return servers;
  }

  /** The port of the next node that runs; of the next node if none runs. The proxy reads it for every new connection. */
  get port(): number {
    const running = this.nodes.filter(({ isRunning }) => isRunning);
    const candidates = running.length === 0 ? this.nodes : running;
    return candidates[this.#turn++ % candidates.length]?.port ?? 0;
  }

  get logs(): readonly string[] {
    return this.nodes.flatMap(({ logs }) => logs);
  }

  get errors(): string {
    return this.nodes.map(({ errors }) => errors).join("");
  }

  async quiet(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.quiet()));
  }

  stats(rooms: readonly string[]): Promise<ServerStats[]> {
    return Promise.all(this.nodes.map((node) => node.stats(rooms)));
  }

  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.redis?.close();
  }
}

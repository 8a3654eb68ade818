// Nodes of one application on a redis-server of their own, each a process, and clients of them.
// Used by every file of the suite `redis`; `test/fixtures/redis-app.ts` is the application, `redis-auth-app.ts` with Better Auth.
import { ORIGIN } from "../../fixtures/identity.ts";
import type { AppOptions } from "../../fixtures/options.ts";
import { RedisServer } from "../../../packages/redis/test/redis-server.ts";
import type { RedisServerOptions } from "../../../packages/redis/test/redis-server.ts";
import { AppServer } from "../../support/app-server.ts";
import type { Runtime } from "../../support/app-server.ts";
import type { ConnectOptions } from "../../support/raw-client.ts";
import { Page, V1Client } from "../../support/v1-client.ts";

export type { RedisServer };

export interface ClusterOptions extends AppOptions {
  /** The runtime of each node. @default two on Node */
  readonly runtimes?: readonly Runtime[];
  /** Further arguments of redis-server. @default none */
  readonly redisArgs?: RedisServerOptions["args"];
}

/** A node: a process with a port of its own. */
export class ClusterNode {
  readonly port: number;
  readonly #host: string;
  readonly #server: AppServer;
  #isDead = false;

  private constructor(server: AppServer, port: number, host = "127.0.0.1") {
    this.#server = server;
    this.port = port;
    this.#host = host;
  }

  static async start(runtime: Runtime, options: AppOptions): Promise<ClusterNode> {
    const program = options.betterAuth === undefined ? "redis" : "redis-auth";
    const server = new AppServer(runtime, options, `${program}-${runtime}.ts`);
    try {
      return new ClusterNode(server, await server.listen(), options.host);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get url(): string {
    return `ws://${this.#host}:${String(this.port)}/ws`;
  }

  get pid(): number {
    return this.#server.pid;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Runs a command of `fixtures/commands.ts` or `fixtures/redis-app.ts` in the process. */
  async command<TResult = unknown>(name: string, input: object = {}): Promise<TResult> {
    return (await this.#server.command(name, input)) as TResult;
  }

  /** Sends a signal, such as SIGSTOP, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Ends the process as a deploy does. @returns its exit code */
  async terminate(): Promise<number | null> {
    this.#isDead = true;
    this.signal("SIGTERM");
    return this.#server.exited;
  }

  /** Ends the process at once, as when its machine fails. */
  async kill(): Promise<void> {
    this.#isDead = true;
    await this.#server.stop();
  }
}

/** Nodes, their redis-server, and the clients that a test has opened. */
export class Cluster {
  readonly redis: RedisServer;
  readonly nodes: ClusterNode[] = [];
  readonly #options: AppOptions;
  readonly #clients = new Set<V1Client>();

  private constructor(redis: RedisServer, options: AppOptions) {
    this.redis = redis;
    this.#options = options;
  }

  static async start({
    runtimes = ["node", "node"],
    redisArgs,
    ...options
  }: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(await RedisServer.start({ args: redisArgs }), options);
    try {
      await Promise.all(runtimes.map((runtime) => cluster.add(runtime)));
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Starts one more node. */
  async add(runtime: Runtime = "node", options: AppOptions = {}): Promise<ClusterNode> {
    const node = await ClusterNode.start(runtime, { ...this.#options, redis: this.redis.url, ...options });
    this.nodes.push(node);
    return node;
  }

  /** The node of this number; higher numbers begin again with the first node. */
  node(number: number): ClusterNode {
    const node = this.nodes[number % this.nodes.length];
    if (node === undefined) throw new RangeError("there is no node");
    return node;
  }

  /** A client of a node before its `hello`. @throws UpgradeRejected */
  async open(
    node: ClusterNode,
    userId: string,
    page = new Page(),
    options: Partial<Omit<ConnectOptions, "url">> = {},
  ): Promise<V1Client> {
    const headers = { cookie: `session=${userId}`, origin: ORIGIN, ...options.headers };
    const client = new V1Client({ url: node.url, ...options, headers }, page);
    this.#clients.add(client);
    void client.closed.then(() => this.#clients.delete(client));
    return client.open();
  }

  /** A client of a node that has its welcome. */
  async connect(node: ClusterNode, userId: string, page = new Page()): Promise<V1Client> {
    const client = await this.open(node, userId, page);
    await client.hello();
    return client;
  }

  /** Ends everything. @throws Error where a node had an unhandled error */
  async close(): Promise<void> {
    const alive = this.nodes.filter(({ isDead }) => !isDead);
    // A test that has failed may have left them stopped.
    for (const stopped of [this.redis, ...alive]) stopped.signal("SIGCONT");
    try {
      await Promise.all([...this.#clients].map((client) => client.cut()));
      const reports = await Promise.all(
        alive.map((node) => node.command<{ readonly unhandled: readonly string[] }>("health")),
      );
      const unhandled = reports.flatMap((report) => report.unhandled);
      if (unhandled.length > 0) throw new Error(`Nobody has handled: ${unhandled.join("; ")}`);
    } finally {
      await Promise.all(alive.map((node) => node.kill()));
      await this.redis.close();
    }
  }
}

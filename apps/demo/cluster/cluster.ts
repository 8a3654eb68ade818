// The processes of `pnpm demo:cluster`: a Redis, and three nodes of the demo, two of them on Node and one on Bun.
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { findFreePort } from "../../../scripts/free-port.ts";
import { findRedisServer } from "../../../scripts/redis-server.ts";
import { openDatabase } from "../server/database.ts";
import { createDeviceStore } from "../server/devices/device-store.ts";
import type { ClusterStatus, NodeStatus } from "../shared/cluster.ts";
import { ManagedProcess } from "./managed-process.ts";

/** The pause before a node starts again, in which users see that it is missing, in ms. */
const RESTART_MS = 3_000;

interface ClusterNode {
  readonly name: string;
  readonly runtime: NodeStatus["runtime"];
  readonly port: number;
  readonly process: ManagedProcess;
  status: NodeStatus["status"];
}

export interface ClusterOptions {
  /** The folder of the demo. */
  readonly directory: string;
  /** The folder of the database and of the data of Redis. */
  readonly dataPath: string;
  /** The address that users open. */
  readonly origin: string;
  readonly programs: Readonly<Record<NodeStatus["runtime"], string>>;
}

/** The processes of the cluster. */
export class Cluster {
  readonly #nodes: readonly ClusterNode[];
  readonly #redis: ManagedProcess;
  /** The turns of requests and of sockets, which are separate, so that two visitors are on two nodes. */
  readonly #turns = { request: 0, socket: 0 };
  #stopped: Promise<void> | undefined;

  readonly #databasePath: string;

  private constructor(nodes: readonly ClusterNode[], redis: ManagedProcess, databasePath: string) {
    this.#databasePath = databasePath;
    this.#nodes = nodes;
    this.#redis = redis;
  }

  /** Finds Redis and the ports. No process runs before {@link start}. */
  static async create(options: ClusterOptions): Promise<Cluster> {
    const { dataPath } = options;
    mkdirSync(dataPath, { recursive: true, mode: 0o700 });
    const redisPort = await findFreePort();
    const nodes: ClusterNode[] = [];
    for (const [name, runtime] of [
      ["one", "node"],
      ["two", "node"],
      ["three", "bun"],
    ] as const)
      nodes.push(await createNode(options, { name, runtime, redisUrl: `redis://127.0.0.1:${redisPort}` }));
    return new Cluster(nodes, createRedis(dataPath, redisPort), databaseIn(dataPath));
  }

  /** Starts every process. @throws Error if one does not start, and after {@link stop} */
  async start(): Promise<void> {
    await this.startRedis();
    // The nodes start one after another, because the first one creates the tables.
    for (const node of this.#nodes) await this.#run(node);
  }

  status(): ClusterStatus {
    const nodes = this.#nodes.map(({ name, runtime, status }) => ({ name, runtime, status }));
    return { nodes, redis: this.#redis.isRunning ? "up" : "stopped" };
  }

  /** The port of the next node that accepts connections; undefined if there is none. */
  nextPort(what: "request" | "socket"): number | undefined {
    const ready = this.#nodes.filter(({ status }) => status === "up");
    return ready[this.#turns[what]++ % ready.length]?.port;
  }

  /** Kills a node, as a failure of its machine would. It starts again after a while. */
  async kill(name: string): Promise<void> {
    await this.#nodeOf(name).process.end("SIGKILL");
  }

  /** Ends a node after it has moved its connections to other nodes. It starts again after a while. */
  async maintain(name: string): Promise<void> {
    const node = this.#nodeOf(name);
    if (node.status === "up") node.status = "draining";
    await node.process.end("SIGTERM");
  }

  async stopRedis(): Promise<void> {
    await this.#redis.end("SIGTERM");
  }

  async startRedis(): Promise<void> {
    if (!this.#redis.isRunning) await this.#start(this.#redis);
  }

  /** Whether {@link stop} has been called. */
  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** Ends every process, also one that is still starting. No process starts afterwards. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#endAll());
  }

  async #endAll(): Promise<void> {
    await Promise.all(this.#nodes.map(({ process }) => process.end("SIGKILL")));
    await this.#redis.end("SIGTERM");
  }

  async #start(process: ManagedProcess): Promise<void> {
    if (this.isStopped) throw new Error("the cluster has ended");
    await process.start();
  }

  async #run(node: ClusterNode): Promise<void> {
    await this.#start(node.process);
    node.status = "up";
    void node.process.ended.then(() => this.#restart(node));
  }

  /** Tries to start a node until it runs or everything ends. */
  async #restart(node: ClusterNode): Promise<void> {
    node.status = "down";
    await this.#forgetConnections(node);
    await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    if (this.isStopped) return;
    try {
      await this.#run(node);
    } catch {
      await node.process.end("SIGKILL");
      await this.#restart(node);
    }
  }

  /** Deletes the connections of a node that has ended, before its users are on another node and count their tabs. */
  async #forgetConnections({ name }: ClusterNode): Promise<void> {
    try {
      const database = await openDatabase(this.#databasePath);
      createDeviceStore(database, { nodeName: name });
      database.close();
    } catch (error) {
      process.stderr.write(`${String(error)}\n`);
    }
  }

  /** @throws RangeError for a name that no node has */
  #nodeOf(name: string): ClusterNode {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new RangeError(`there is no node ${name}`);
    return node;
  }
}

function createRedis(directory: string, port: number): ManagedProcess {
  const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
  // Redis writes to disk, so that a stop loses nothing.
  const kept = ["--save", "", "--appendonly", "yes", "--daemonize", "no"];
  return new ManagedProcess({
    program: findRedisServer(),
    args: [...place, ...kept],
    cwd: directory,
    isReady: () => answers(port),
  });
}

function databaseIn(dataPath: string): string {
  return join(dataPath, "demo.db");
}

interface NodeOptions {
  readonly name: string;
  readonly runtime: NodeStatus["runtime"];
  readonly redisUrl: string;
}

async function createNode(
  { directory, dataPath, origin, programs }: ClusterOptions,
  { name, runtime, redisUrl }: NodeOptions,
): Promise<ClusterNode> {
  const port = await findFreePort();
  const env = {
    HOST: "127.0.0.1",
    PORT: String(port),
    BETTER_AUTH_URL: origin,
    DATABASE: databaseIn(dataPath),
    NODE_NAME: name,
    REDIS_URL: redisUrl,
    SUPERVISED: "1",
  };
  const process = new ManagedProcess({
    program: programs[runtime],
    args: [`dist/server/${runtime}.js`],
    cwd: directory,
    env,
    isReady: () => answers(port),
  });
  return { name, runtime, port, process, status: "down" };
}

/** Whether something listens on a port of this machine. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

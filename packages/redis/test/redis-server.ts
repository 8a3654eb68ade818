// A redis-server of a test's own: a port, a directory and a process, which ends with the test.
// Used by the tests of this package and by the suites.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import type { RedisClientType } from "@redis/client";
import { findFreePort } from "../../../scripts/free-port.ts";
import { findRedisServer } from "../../../scripts/redis-server.ts";

export interface RedisServerOptions {
  /** Further arguments of redis-server. @default none */
  readonly args?: readonly string[] | undefined;
}

type Control = RedisClientType;

const ATTEMPTS = 200;
const FOLLOWER = "follower";

/** A redis-server on loopback. */
export class RedisServer {
  readonly port: number;
  readonly directory: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;
  #isUp = false;

  private constructor(port: number, { args = [] }: RedisServerOptions) {
    this.port = port;
    this.directory = mkdtempSync(join(tmpdir(), "halyard-redis-"));
    this.#args = args;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await findFreePort(), options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${String(this.port)}`;
  }

  /** Whether it has answered since it was started. */
  get isRunning(): boolean {
    return this.#isUp;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts the process, with what its directory holds. */
  async start(): Promise<void> {
    const program = findRedisServer();
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.directory];
    const kept = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
    this.#process = spawn(program, [...own, ...kept, ...this.#args], { stdio: "ignore" });
    await this.#answers();
    this.#isUp = true;
  }

  /** Sends a signal, such as SIGSTOP, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends the process at once, as when its machine fails. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#isUp = false;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Forgets what is on disk. */
  forget(): void {
    rmSync(join(this.directory, "dump.rdb"), { force: true });
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs commands on a connection of their own. */
  async control<TResult>(use: (client: Control) => Promise<TResult>): Promise<TResult> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on("error", () => {});
    await client.connect();
    try {
      return await use(client);
    } finally {
      client.destroy();
    }
  }

  /** Hears what is published in a channel. @returns the end of it */
  async follow(channel: string, onMessage: (text: string) => void): Promise<() => void> {
    const client = createClient({ url: this.url, name: FOLLOWER });
    client.on("error", () => {});
    await client.connect();
    await client.subscribe(channel, onMessage);
    return () => {
      client.destroy();
    };
  }

  /** Cuts all connections over which Redis pushes, but those of {@link follow}. */
  async cutPushes(): Promise<void> {
    await this.control(async (client) => {
      for (const { id, name } of await client.clientList({ TYPE: "PUBSUB" }))
        if (name !== FOLLOWER) await client.clientKill({ filter: "ID", id });
    });
  }

  async #answers(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const isUp = await this.control((client) => client.ping()).then(
        () => true,
        () => false,
      );
      if (isUp) return;
      if (this.#process?.exitCode !== null) throw new Error("redis-server has ended");
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error("redis-server does not answer");
  }
}

/** A port of loopback on which nothing listens. */

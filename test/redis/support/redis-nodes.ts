// Nodes of one application on a redis-server of their own, in this process, and real clients on real sockets: for tests of what
// happens while Redis is away.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { redisBackplane } from "@halyard/redis";
import { createWebSocketSystem } from "@halyard/server";
import type { WebSocketManager, WebSocketManagerConfig } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { WebSocket } from "ws";
import { RedisServer } from "../../../packages/redis/test/redis-server.ts";
import { listenOnLoopback } from "../../support/listen-on-loopback.ts";
import { UpgradeRejected } from "../../support/raw-client.ts";
import { Page, V1Client } from "../../support/v1-client.ts";
import { until } from "../../support/wait.ts";

interface RedisNode {
  readonly manager: WebSocketManager;
  readonly server: Server;
  readonly url: string;
}

interface Options {
  readonly nodes?: number;
  readonly config?: WebSocketManagerConfig;
  readonly backplane?: Omit<Parameters<typeof redisBackplane>[0], "url" | "client">;
  readonly redisArgs?: readonly string[];
}

/** A client of the package, and all that it was told. */
export interface RecordedClient {
  readonly client: WebSocketClient;
  readonly userId: string;
  readonly heard: string[];
  readonly gaps: string[];
  readonly states: string[];
}

const headersOf = (userId: string) => ({ cookie: `user=${userId}`, origin: "http://127.0.0.1" });

export class RedisNodes {
  readonly redis: RedisServer;
  readonly nodes: readonly RedisNode[];
  readonly errors: unknown[];
  readonly #clients: { close(): unknown }[] = [];

  private constructor(redis: RedisServer, nodes: readonly RedisNode[], errors: unknown[]) {
    this.redis = redis;
    this.nodes = nodes;
    this.errors = errors;
  }

  static async start({ nodes = 2, config, backplane, redisArgs }: Options = {}): Promise<RedisNodes> {
    const redis = await RedisServer.start({ args: redisArgs });
    const errors: unknown[] = [];
    const startNode = async (): Promise<RedisNode> => {
      const { manager } = createWebSocketSystem({
        authorize: () => true,
        authenticate: ({ headers }) => {
          const [, id = ""] = /user=([\w-]+)/.exec(headers.get("cookie") ?? "") ?? [];
          return id === "" ? null : { user: { id, name: id } };
        },
        allowedOrigins: ["http://127.0.0.1"],
        onError: (error) => errors.push(error),
        ...config,
        backplane: redisBackplane({ url: redis.url, ...backplane }),
      });
      const server = createServer();
      attachWebSocketServer(server, { manager, path: "/ws" });
      const port = await listenOnLoopback(server);
      return { manager, server, url: `ws://127.0.0.1:${String(port)}/ws` };
    };
    const started = await Promise.all(Array.from({ length: nodes }, startNode));
    const all = new RedisNodes(redis, started, errors);
    await all.whenHealthy();
    return all;
  }

  node(index: number): RedisNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError("there is no such node");
    return node;
  }

  whenHealthy(): Promise<unknown> {
    return until("every node to be up", () => this.#have("up"), 30_000);
  }

  /** Until every node has found out that Redis does not answer. */
  whenAway(): Promise<unknown> {
    return until("every node to notice", () => !this.#some("up"), 30_000);
  }

  #have(status: string): boolean {
    return this.nodes.every(({ manager }) => manager.health().status === status);
  }

  #some(status: string): boolean {
    return this.nodes.some(({ manager }) => manager.health().status === status);
  }

  /** A client of the package, which reconnects quickly. */
  async connect(index: number, userId: string): Promise<RecordedClient> {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers: headersOf(userId) });
      }
    }
    const backoff = { minMs: 50, baseMs: 100, maxMs: 500 };
    const client = createWebSocketClient({ url: this.node(index).url, WebSocket: Socket, backoff });
    this.#clients.push(client);
    const recorded: RecordedClient = { client, userId, heard: [], gaps: [], states: [] };
    client.on("chat_message", ({ content }) => recorded.heard.push(content));
    client.onGap((channel, reason) => recorded.gaps.push(`${channel} ${reason}`));
    client.onStateChange(({ status }) => recorded.states.push(status));
    await until("the connection", () => client.state.status === "open");
    recorded.states.length = 0;
    return recorded;
  }

  /** A bare client before its hello. @throws UpgradeRejected */
  async open(index: number, userId: string, page = new Page()): Promise<V1Client> {
    const client = new V1Client({ url: this.node(index).url, headers: headersOf(userId) }, page);
    this.#clients.push(client);
    return client.open();
  }

  /** The status with which an upgrade is answered. */
  async statusOf(index: number, userId: string): Promise<number> {
    try {
      await this.open(index, userId);
      return 101;
    } catch (error) {
      if (error instanceof UpgradeRejected) return error.status;
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.redis.signal("SIGCONT");
    for (const client of this.#clients) await client.close();
    for (const { manager, server } of this.nodes) {
      await manager.close();
      server.closeAllConnections();
      server.close();
    }
    await this.redis.close();
  }
}

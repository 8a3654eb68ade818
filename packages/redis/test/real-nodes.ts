// Nodes on a redis-server of a test, in real time.
import type { Clock } from "@halyard/server";
import { clientFactory, databaseOf } from "../src/common/redis-client.ts";
import type { ClientFactory, RedisClient } from "../src/common/redis-client.ts";
import { checkedOptions } from "../src/options.ts";
import type { RedisOptions } from "../src/options.ts";
import { RedisBackplane } from "../src/redis-backplane.ts";
import { afterAll, afterEach, beforeAll } from "vitest";
import { Node } from "../../server/test/backplane-suite/node.ts";
import { RedisServer } from "./redis-server.ts";

/** How a node of a test reaches Redis; by the URL of the server, unless it says something else. */
export type NodeOptions = RedisOptions & {
  readonly url?: string;
  readonly client?: RedisClient;
  /** @default the machine's */
  readonly clock?: Clock;
  /** Changes each connection that the node makes. */
  readonly wrap?: (client: RedisClient) => RedisClient;
};

/** A redis-server for the tests of a file, and nodes on it, which end with their test. */
export function useRedis(): { readonly server: RedisServer; readonly nodes: RealNodes } {
  let server: RedisServer | undefined;
  let nodes: RealNodes | undefined;
  const started = <TPart>(part: TPart | undefined): TPart => {
    if (part === undefined) throw new Error("the tests have not begun");
    return part;
  };
  beforeAll(async () => {
    server = await RedisServer.start();
    nodes = new RealNodes(server);
  }, 120_000);
  afterEach(() => nodes?.close());
  afterAll(() => server?.close());
  return {
    get server() {
      return started(server);
    },
    get nodes() {
      return started(nodes);
    },
  };
}

/** Nodes that end with their test. */
export class RealNodes {
  readonly #server: RedisServer;
  readonly #nodes: Node[] = [];

  constructor(server: RedisServer) {
    this.#server = server;
  }

  /** A node that is not started. */
  create({ url, client, wrap, clock, ...options }: NodeOptions = {}): Node {
    const place = client === undefined ? { url: url ?? this.#server.url } : { client };
    const plain = clientFactory(place);
    const createClient: ClientFactory = wrap === undefined ? plain : () => wrap(plain());
    const checked = checkedOptions({ ...options, ...place });
    const database = databaseOf(plain);
    const node = new Node(new RedisBackplane(checked, { createClient, clock, database }));
    this.#nodes.push(node);
    return node;
  }

  async start(options: NodeOptions = {}): Promise<Node> {
    const node = this.create(options);
    await node.backplane.start(node);
    return node;
  }

  async close(): Promise<void> {
    for (const { backplane } of this.#nodes.splice(0)) await backplane.stop();
    await this.#server.control((client) => client.flushAll()).catch(() => {});
  }
}

// A server of the test's own process on Node, whose users' rights the test changes.
// After each test its sockets are cut and its servers closed.
import type { SessionWatch, WatchedConnection, WatchingAuthenticator } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { afterEach } from "vitest";
import { createSystem } from "./bare-system.ts";
import type { Config, Manager } from "./bare-system.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";
import { Page, V1Client } from "./v1-client.ts";

type Watched = WatchedConnection<{ user: { id: string; name?: string } }>;

/** Lets everybody in under the name in `?user=`, and holds the connections, whose identity a test then replaces. */
class Watch implements WatchingAuthenticator, SessionWatch {
  readonly connections = new Set<Watched>();
  authenticate({ url }: { readonly url: string }): Promise<{ user: { id: string } }> {
    return Promise.resolve({ user: { id: new URL(url, "http://localhost").searchParams.get("user") ?? "" } });
  }
  trustsOrigin(): boolean {
    return true;
  }
  watch(): SessionWatch {
    return this;
  }
  opened(connection: WatchedConnection): void {
    this.connections.add(connection);
  }
  closed(connection: WatchedConnection): void {
    this.connections.delete(connection);
  }
  receive(): void {
    // There is one node.
  }
  renew(): Promise<void> {
    return Promise.resolve();
  }
  stop(): void {
    this.connections.clear();
  }
  /** The user's rights have changed, as far as the server knows. */
  change(userId: string, fields: object = {}): void {
    for (const connection of this.connections)
      if (connection.identity.user.id === userId)
        connection.replace({ ...connection.identity, user: { ...connection.identity.user, ...fields } });
  }
}

export interface Scene {
  readonly manager: Manager;
  readonly watch: Watch;
  readonly handlers: ReturnType<typeof createSystem>["handlers"];
  readonly url: string;
  connect(userId: string, page?: Page): Promise<V1Client>;
}

const servers: Server[] = [];
const clients: V1Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.cut().catch(() => undefined)));
  for (const server of servers.splice(0)) server.close();
});

export async function scene(config: Config): Promise<Scene> {
  const watch = new Watch();
  const { manager, handlers } = createSystem({
    ...config,
    limits: {
      joinBurst: 1_000,
      messageBurst: 1_000,
      presenceBatchMs: 10,
      handlerMs: 1_000,
      ...config.limits,
    },
  });
  const server = createServer();
  servers.push(server);
  attachWebSocketServer(server, { manager, authenticate: watch });
  const port = await listenOnLoopback(server);
  const url = `ws://127.0.0.1:${String(port)}/ws`;
  const connect = async (userId: string, page = new Page()): Promise<V1Client> => {
    const client = await new V1Client({ url: `${url}?user=${userId}` }, page).open();
    clients.push(client);
    await client.hello();
    return client;
  };
  return { manager, watch, handlers, url, connect };
}

/** An `authorize` whose answers the test gives. */
export class Answers {
  readonly asked: string[] = [];
  running = 0;
  most = 0;
  /** Denied from now on: `<action> <room>`. */
  readonly denied = new Set<string>();
  /** How long an answer takes; a gate holds it until it opens. */
  delayMs: number | undefined = undefined;
  gate: Promise<unknown> | undefined = undefined;

  readonly authorize = async ({ action, room }: { action: string; room: string }): Promise<boolean> => {
    const question = `${action} ${room}`;
    this.asked.push(question);
    this.most = Math.max(this.most, ++this.running);
    // The answer is for the rights at the time of the question, as that of a database is.
    const isAllowed = !this.denied.has(question);
    await this.gate;
    if (this.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    this.running--;
    return isAllowed;
  };
}

export const text = (n: number | string) => ({ type: "notice", text: String(n) }) as const;
export const textsOf = (client: V1Client): string[] =>
  client.all({ type: "notice" }).map((frame) => String(frame["text"]));

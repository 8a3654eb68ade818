// A server in the process of the test, whose tests change the rights of users.
// After each test all sockets are cut and all servers closed.
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

/** Authenticates every request as the user in `?user=`, and holds the connections, so that a test can replace their identity. */
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
    // No other node sends anything.
  }
  renew(): Promise<void> {
    return Promise.resolve();
  }
  stop(): void {
    this.connections.clear();
  }
  /** Replaces fields of a user in the identity of each of the user's connections, after which the server checks their rights again. */
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

/** An `authorize` whose answers the test decides. */
export class Answers {
  readonly asked: string[] = [];
  running = 0;
  /** The most questions at the same time. */
  most = 0;
  /** The questions whose answer is no, as `<action> <room>`. */
  readonly denied = new Set<string>();
  /** The time that an answer takes, in ms. @default none */
  delayMs: number | undefined = undefined;
  /** A promise for which each answer waits. @default none */
  gate: Promise<unknown> | undefined = undefined;

  readonly authorize = async ({ action, room }: { action: string; room: string }): Promise<boolean> => {
    const question = `${action} ${room}`;
    this.asked.push(question);
    this.most = Math.max(this.most, ++this.running);
    // The answer depends on the rights at the time of the question, as the answer of a database does.
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

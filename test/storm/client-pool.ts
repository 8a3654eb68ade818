// Many clients in one process, spread over eight loopback addresses: one address has 28,232 local ports.
// The outage storm connects the pool, kills the server, and reads from the pool how the clients returned.
// The jitter of every client comes from one seed.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { createRandom } from "@halyard/testing";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { connectOptions } from "./connect-options.ts";

export interface ClientPoolOptions {
  readonly clients: number;
  readonly port: number;
  readonly seed: number;
}

/** One client, and its events since the last reset of the pool. */
interface PooledClient {
  readonly client: WebSocketClient<typeof protocol>;
  /** The times at which the latest attempt of the client was due, began and was welcomed, by `performance.now()`. */
  dueAt: number;
  begunAt: number;
  openedAt: number;
  gaps: number;
  readonly announcements: string[];
}

export class ClientPool {
  readonly #clients: PooledClient[] = [];
  /** Failed attempts of all clients since the last reset. */
  failures = 0;

  constructor({ clients, port, seed }: ClientPoolOptions) {
    const random = createRandom(seed);
    for (let n = 0; n < clients; n++) this.#clients.push(this.#create(n, port, random));
  }

  get open(): number {
    return this.#clients.filter(({ client }) => client.state.status === "open").length;
  }

  /** The number of clients in each state. */
  get states(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { client } of this.#clients) {
      const { state } = client;
      const name = state.status === "closed" ? `closed ${String(state.code)}` : state.status;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** The number of clients that have received this announcement and no other since the last reset. */
  received(message: string): number {
    return this.#clients.filter(
      ({ announcements }) => announcements.length === 1 && announcements[0] === message,
    ).length;
  }

  /** The number of clients with exactly one gap since the last reset. */
  get withOneGap(): number {
    return this.#clients.filter(({ gaps }) => gaps === 1).length;
  }

  /** The due times, the delays and the times of the welcomes of the successful attempts; each list is sorted. */
  returns(): { readonly dues: number[]; readonly delays: number[]; readonly opens: number[] } {
    const sorted = (of: (pooled: PooledClient) => number) => this.#clients.map(of).sort((a, b) => a - b);
    return {
      dues: sorted(({ dueAt }) => dueAt),
      delays: sorted(({ dueAt, begunAt }) => begunAt - dueAt),
      opens: sorted(({ openedAt }) => openedAt),
    };
  }

  /** Connects all clients at this rate. */
  async connect(perSecond: number): Promise<void> {
    const startedAt = performance.now();
    for (const [n, { client }] of this.#clients.entries()) {
      client.connect();
      const dueAt = startedAt + (n / perSecond) * 1_000;
      if (dueAt > performance.now() + 10) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  reset(): void {
    this.failures = 0;
    for (const pooled of this.#clients) {
      pooled.announcements.length = 0;
      pooled.gaps = 0;
    }
  }

  close(): void {
    for (const { client } of this.#clients) client.close();
  }

  #create(n: number, port: number, random: () => number): PooledClient {
    const { url, headers } = connectOptions(port, `user-${String(n)}`);
    const localAddress = `127.0.0.${String(2 + (n % 8))}`;
    const began = (): void => {
      pooled.begunAt = performance.now();
    };
    const failed = (): void => {
      this.failures++;
    };
    const client = createWebSocketClient<typeof protocol>({
      url,
      autoConnect: false,
      clock: { ...SYSTEM_CLOCK, random },
      WebSocket: class extends WebSocket {
        constructor(to: string, protocols: string[]) {
          super(to, protocols, { headers, localAddress, perMessageDeflate: false });
          began();
          this.once("error", failed);
        }
      },
    });
    const pooled: PooledClient = { client, dueAt: 0, begunAt: 0, openedAt: 0, gaps: 0, announcements: [] };
    client.onStateChange((state) => {
      if (state.status === "open") pooled.openedAt = performance.now();
      if (state.status === "waiting") pooled.dueAt = performance.now() + state.retryAt - Date.now();
    });
    client.onGap((channel) => {
      if (channel === "all") pooled.gaps++;
    });
    client.on("announcement", ({ message }) => pooled.announcements.push(message));
    return pooled;
  }
}

const SYSTEM_CLOCK = {
  now: () => Date.now(),
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (timer: unknown) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
};

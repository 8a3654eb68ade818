import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import type { protocol } from "../fixtures/protocol.ts";
import { createRandom } from "@halyard/testing";
import { WebSocket } from "ws";
import { ORIGIN } from "../support/test-app.ts";

export interface HerdOptions {
  readonly clients: number;
  readonly port: number;
  readonly seed: number;
}

/** What one client did since the herd was last asked. */
interface Member {
  readonly client: WebSocketClient<typeof protocol>;
  /** When its latest attempt was due, when it began, and when it was welcomed. */
  dueAt: number;
  begunAt: number;
  openedAt: number;
  gaps: number;
  readonly heard: string[];
}

/** Many clients in one process, spread over the loopback addresses: one address has 28,232 local ports. */
export class Herd {
  readonly #members: Member[] = [];
  /** Attempts that failed, of all. */
  failures = 0;

  constructor({ clients, port, seed }: HerdOptions) {
    const random = createRandom(seed);
    for (let n = 0; n < clients; n++) this.#members.push(this.#member(n, port, random));
  }

  get open(): number {
    return this.#members.filter(({ client }) => client.state.status === "open").length;
  }

  /** How many are in which state, for what is said when they are not all open. */
  get states(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { client } of this.#members) {
      const { state } = client;
      const name = state.status === "closed" ? `closed ${String(state.code)}` : state.status;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** How many have heard this announcement, and no other since the herd was last asked. */
  heard(message: string): number {
    return this.#members.filter(({ heard }) => heard.length === 1 && heard[0] === message).length;
  }

  /** How many were told exactly once that what they missed is lost. */
  get told(): number {
    return this.#members.filter(({ gaps }) => gaps === 1).length;
  }

  /** When the attempts were due that succeeded, how late they began, and when the welcomes came. */
  returns(): { readonly dues: number[]; readonly delays: number[]; readonly opens: number[] } {
    const sorted = (of: (member: Member) => number) => this.#members.map(of).sort((a, b) => a - b);
    return {
      dues: sorted(({ dueAt }) => dueAt),
      delays: sorted(({ dueAt, begunAt }) => begunAt - dueAt),
      opens: sorted(({ openedAt }) => openedAt),
    };
  }

  /** Not all at once: whoever comes for the first time does not know of the others. */
  async connect(perSecond: number): Promise<void> {
    const startedAt = performance.now();
    for (const [n, { client }] of this.#members.entries()) {
      client.connect();
      const dueAt = startedAt + (n / perSecond) * 1_000;
      if (dueAt > performance.now() + 10) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  forget(): void {
    this.failures = 0;
    for (const member of this.#members) {
      member.heard.length = 0;
      member.gaps = 0;
    }
  }

  close(): void {
    for (const { client } of this.#members) client.close();
  }

  #member(n: number, port: number, random: () => number): Member {
    const headers = { cookie: `session=user-${String(n)}`, origin: ORIGIN };
    const localAddress = `127.0.0.${String(2 + (n % 8))}`;
    const began = (): void => {
      member.begunAt = performance.now();
    };
    const failed = (): void => {
      this.failures++;
    };
    const client = createWebSocketClient<typeof protocol>({
      url: `ws://127.0.0.1:${String(port)}/ws`,
      autoConnect: false,
      clock: { ...SYSTEM_CLOCK, random },
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers, localAddress, perMessageDeflate: false });
          began();
          this.once("error", failed);
        }
      },
    });
    const member: Member = { client, dueAt: 0, begunAt: 0, openedAt: 0, gaps: 0, heard: [] };
    client.onStateChange((state) => {
      if (state.status === "open") member.openedAt = performance.now();
      if (state.status === "waiting") member.dueAt = performance.now() + state.retryAt - Date.now();
    });
    client.onGap((channel) => {
      if (channel === "all") member.gaps++;
    });
    client.on("announcement", ({ message }) => member.heard.push(message));
    return member;
  }
}

const SYSTEM_CLOCK = {
  now: () => Date.now(),
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (timer: unknown) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
};

// An application's page that writes in a room: the client of @halyard/client, with its outbox, on one node after the other.
import { createWebSocketClient } from "@halyard/client";
import type { Receipt, Room, WebSocketClient } from "@halyard/client";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { ORIGIN } from "../../fixtures/identity.ts";
import type { protocol } from "../../fixtures/protocol.ts";
import type { Cluster } from "./cluster.ts";

export class Writer {
  /** What became of each text; undefined while that is not known. */
  readonly receipts = new Map<string, Receipt["status"] | undefined>();
  readonly userId: string;
  readonly #client: WebSocketClient<typeof protocol>;
  readonly #room: Room<typeof protocol>;
  #sent = 0;

  constructor(cluster: Cluster, userId: string, room: string) {
    this.userId = userId;
    let attempts = userId.length;
    this.#client = createWebSocketClient<typeof protocol>({
      url: () => {
        const alive = cluster.nodes.filter(({ isDead }) => !isDead);
        return alive[attempts++ % alive.length]?.url ?? "";
      },
      WebSocket: classFor(userId),
      page: new EventTarget(),
      backoff: { minMs: 50, baseMs: 100, maxMs: 1_000 },
      onError: () => undefined,
    });
    this.#room = this.#client.join(room);
  }

  get isOpen(): boolean {
    return this.#client.state.status === "open";
  }

  /** The texts with this outcome. */
  of(status: Receipt["status"] | undefined): string[] {
    return [...this.receipts].filter(([, outcome]) => outcome === status).map(([text]) => text);
  }

  send(): void {
    const content = `${this.userId}.${String(++this.#sent)}`;
    this.receipts.set(content, undefined);
    void this.#room
      .send("chat_message", { content })
      .then(({ status }) => this.receipts.set(content, status));
  }

  async sendUntil(isOver: () => boolean, everyMs: number): Promise<void> {
    while (!isOver()) {
      this.send();
      await pause(everyMs);
    }
  }

  close(): void {
    this.#client.close();
  }
}

/** Browsers send the cookie by themselves. */
function classFor(userId: string) {
  return class extends WebSocket {
    constructor(url: string, protocols: string[], options: object) {
      super(url, protocols, { ...options, headers: { cookie: `session=${userId}`, origin: ORIGIN } });
    }
  };
}

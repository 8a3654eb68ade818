// A page with the client of Halyard behind a balancer without sticky sessions: each attempt goes to any node that lives.
// It notes when its sockets die, and when what came over them.
import { createWebSocketClient } from "@halyard/client";
import type { Room, WebSocketClient } from "@halyard/client";
import { WebSocket } from "ws";
import { ORIGIN } from "../../fixtures/identity.ts";
import type { protocol } from "../../fixtures/protocol.ts";
import type { Cluster, ClusterNode } from "./cluster.ts";

export interface BalancedPageOptions {
  readonly userId: string;
  readonly room: string;
  /** The node of the first connection. @default any */
  readonly node?: ClusterNode;
  readonly random: () => number;
}

interface Notice {
  readonly at: number;
  readonly text: string;
}

export class BalancedPage {
  readonly userId: string;
  readonly notices: Notice[] = [];
  readonly gaps: string[] = [];
  /** When each of its sockets has closed, by performance.now(). */
  readonly deaths: number[] = [];
  /** When it was open again, or for the first time. */
  readonly openings: number[] = [];
  readonly client: WebSocketClient<typeof protocol>;
  readonly room: Room<typeof protocol>;

  constructor(cluster: Cluster, { userId, room, node, random }: BalancedPageOptions) {
    this.userId = userId;
    const { deaths } = this;
    const headers = { cookie: `session=${userId}`, origin: ORIGIN };
    class CookieSocket extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols, { headers, perMessageDeflate: false });
        this.once("close", () => deaths.push(performance.now()));
      }
    }
    let isFirst = true;
    this.client = createWebSocketClient<typeof protocol>({
      url: () => {
        const nodes = cluster.nodes.filter(({ isDead }) => !isDead);
        const chosen = isFirst ? node : undefined;
        isFirst = false;
        return (chosen ?? nodes[Math.floor(random() * nodes.length)] ?? cluster.node(0)).url;
      },
      WebSocket: CookieSocket,
      backoff: { minMs: 100, baseMs: 500, maxMs: 1_000 },
      onError: () => undefined,
    });
    this.client.onStateChange(({ status }) => {
      if (status === "open") this.openings.push(performance.now());
    });
    this.client.onGap((channel, reason) => this.gaps.push(`${channel}: ${reason}`));
    this.room = this.client.join(room);
    this.room.on("notice", ({ text }) => {
      this.notices.push({ at: performance.now(), text: text.trim() });
    });
  }

  get isOpen(): boolean {
    return this.client.state.status === "open";
  }

  /** How long after the last death of a socket it was open again; Infinity while it is not. */
  get returnMs(): number {
    const death = this.deaths.at(-1) ?? 0;
    const opening = this.openings.at(-1) ?? 0;
    return opening > death ? opening - death : Infinity;
  }

  get texts(): string[] {
    return this.notices.map(({ text }) => text);
  }

  close(): void {
    this.client.close();
  }
}

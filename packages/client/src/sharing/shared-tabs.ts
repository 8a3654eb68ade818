// The tabs that are part of the shared connection, and those that have been lately.
import type { Frame } from "@halyard/protocol/wire";
import type { TabHello } from "./shared-channels.ts";

/** For how many tabs the server takes frames of a connection at a time. A tab that has gone counts for a while. */
const MAX_TABS = 32;
const GONE_MS = 60_000;

export interface Tab {
  /** That of its socket. */
  readonly id: string;
  readonly clientId: string;
  /** What the server knew of the tab's connection. */
  readonly memory: string | undefined;
  hello?: TabHello & Frame;
  /** Up to where the tab has read, by channel: what is replayed for another tab is not for this one. */
  readonly read: Map<string, number>;
  isWelcomed?: boolean;
}

export class SharedTabs {
  readonly #tabs = new Map<string, Tab>();
  #goneAt: number[] = [];

  get all(): Tab[] {
    return [...this.#tabs.values()];
  }

  get ids(): string[] {
    return [...this.#tabs.keys()];
  }

  get size(): number {
    return this.#tabs.size;
  }

  get(id: string): Tab | undefined {
    return this.#tabs.get(id);
  }

  /** The tab whose client has this id. */
  ofClient(clientId: string): Tab | undefined {
    return this.all.find((tab) => tab.clientId === clientId && tab.isWelcomed);
  }

  /** @returns whether there is room for it */
  add(id: string, memory: string | undefined, now: number): boolean {
    this.#goneAt = this.#goneAt.filter((goneAt) => now - goneAt < GONE_MS);
    if (this.size + this.#goneAt.length >= MAX_TABS) return false;
    this.#tabs.set(id, { id, clientId: id.replace(/\..*/, ""), memory, read: new Map() });
    return true;
  }

  /** @returns whether it was there */
  remove(id: string, now: number): boolean {
    const wasThere = this.#tabs.delete(id);
    if (wasThere) this.#goneAt.push(now);
    return wasThere;
  }

  clear(): void {
    this.#tabs.clear();
    this.#goneAt = [];
  }
}

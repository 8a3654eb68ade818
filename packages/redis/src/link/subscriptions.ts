// What Redis pushes to this node: a connection of its own, and the channels that this node follows on it.
// Used by redis-backplane.ts. A beat that this node publishes to itself shows that the connection still delivers.
// Guarantees: `follow` resolves when every later message will arrive; after a loss everything is followed again before
// `onInterrupted`, and commands for one channel never overtake each other.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "@halyard/server";
import { Connection } from "./connection.ts";
import type { ClientFactory, RedisClient } from "../common/redis-client.ts";
import { settleWithin } from "../common/settle-within.ts";

export interface SubscriptionsParts {
  readonly clock: Clock;
  readonly createClient: ClientFactory;
  readonly timeoutMs: number;
  /** Followed for as long as the node runs. */
  readonly always: readonly string[];
  readonly onMessage: (text: string, channel: string) => void;
  /** Runs before the channels are followed on a further connection. */
  readonly beforeFollowing: () => Promise<void>;
  /** Messages may have been lost, and arrive again. Not called for the first connection. */
  readonly onInterrupted: () => void;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** How many channels one command names. */
const BATCH = 512;

/** The channels that this node follows. */
export class Subscriptions {
  readonly connection: Connection;
  readonly #parts: SubscriptionsParts;
  readonly #wanted = new Set<string>();
  /** What Redis has confirmed on this connection. */
  readonly #followed = new Set<string>();
  /** The next commands: what is wanted and not followed, and the reverse. */
  readonly #missing = new Set<string>();
  readonly #surplus = new Set<string>();
  readonly #waiting = new Map<string, Waiting[]>();
  #isSyncing = false;
  #wasUp = false;

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts;
    const { clock, createClient, onMessage, always } = parts;
    for (const channel of always) this.#want(channel);
    this.connection = new Connection({
      clock,
      createClient,
      prepare: (client) => this.#followAll(client),
      onLost: () => {
        this.#forget();
      },
    });
    this.connection.hold();
    this.#onMessage = (text, channel) => {
      // Redis may not have heard yet that a channel was given up.
      if (this.#wanted.has(channel)) onMessage(text, channel);
    };
  }

  readonly #onMessage: (text: string, channel: string) => void;

  follow(channel: string): Promise<void> {
    this.#want(channel);
    if (this.#followed.has(channel) && !this.#isSyncing) return Promise.resolve();
    const { clock, timeoutMs } = this.#parts;
    const followed = new Promise<void>((resolve, reject) => {
      const waiting = this.#waiting.get(channel);
      if (waiting === undefined) this.#waiting.set(channel, [{ resolve, reject }]);
      else waiting.push({ resolve, reject });
    });
    void this.#sync();
    return settleWithin(clock, timeoutMs, followed);
  }

  /** Redis is told later: a message that still comes is dropped. */
  unfollow(channel: string): void {
    this.#wanted.delete(channel);
    this.#missing.delete(channel);
    if (this.#followed.has(channel)) this.#surplus.add(channel);
    const error = new HalyardError("unavailable", "The channel was given up meanwhile.");
    for (const { reject } of this.#waiting.get(channel) ?? []) reject(error);
    this.#waiting.delete(channel);
    void this.#sync();
  }

  stop(): void {
    this.connection.stop();
    this.#wanted.clear();
  }

  /** A new connection: everything is followed before it counts as one. */
  async #followAll(client: RedisClient): Promise<void> {
    this.#forget();
    const { always, beforeFollowing, onInterrupted } = this.#parts;
    if (this.#wasUp) await beforeFollowing();
    // First what closes connections and shows that the connection lives: channels may be many.
    await this.#subscribe(client, always);
    // A user who may not leave a channel is told at the start. No node knows this one yet, so nothing is missed.
    if (!this.#wasUp) await this.#unsubscribe(client, always.slice(0, 1));
    while (this.#missing.size > 0) await this.#subscribe(client, firstOf(this.#missing));
    if (this.#wasUp) onInterrupted();
    this.#wasUp = true;
  }

  /** Brings what Redis does for this node to what it wants, one command after the other. */
  async #sync(): Promise<void> {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    try {
      // Calls of one turn go into one command.
      await Promise.resolve();
      for (;;) {
        const { client } = this.connection;
        if (client === undefined) return;
        for (const channel of this.#waiting.keys()) if (this.#followed.has(channel)) this.#settle(channel);
        if (this.#missing.size > 0) await this.#subscribe(client, firstOf(this.#missing));
        else if (this.#surplus.size > 0) await this.#unsubscribe(client, firstOf(this.#surplus));
        else return;
      }
    } catch (error) {
      // Which channels are followed is not known now: a new connection follows all of them.
      this.connection.replace(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isSyncing = false;
    }
  }

  async #subscribe(client: RedisClient, channels: readonly string[]): Promise<void> {
    const { clock, timeoutMs } = this.#parts;
    await settleWithin(clock, timeoutMs, client.subscribe([...channels], this.#onMessage));
    for (const channel of channels) {
      this.#followed.add(channel);
      this.#missing.delete(channel);
      if (this.#wanted.has(channel)) this.#settle(channel);
      else this.#surplus.add(channel);
    }
  }

  async #unsubscribe(client: RedisClient, channels: readonly string[]): Promise<void> {
    const { clock, timeoutMs } = this.#parts;
    await settleWithin(clock, timeoutMs, client.unsubscribe([...channels], this.#onMessage));
    for (const channel of channels) {
      this.#followed.delete(channel);
      this.#surplus.delete(channel);
      if (this.#wanted.has(channel)) this.#missing.add(channel);
    }
  }

  #want(channel: string): void {
    this.#wanted.add(channel);
    if (this.#followed.has(channel)) this.#surplus.delete(channel);
    else this.#missing.add(channel);
  }

  #forget(): void {
    this.#followed.clear();
    this.#surplus.clear();
    for (const channel of this.#wanted) this.#missing.add(channel);
  }

  #settle(channel: string): void {
    for (const { resolve } of this.#waiting.get(channel) ?? []) resolve();
    this.#waiting.delete(channel);
  }
}

function firstOf(channels: ReadonlySet<string>): string[] {
  return [...channels.values().take(BATCH)];
}

// Receives what Redis pushes to this node, on a separate connection, for the channels that this node follows.
// Used by redis-backplane.ts. Beats that this node publishes to itself show that the connection still delivers.
// Guarantees: `follow` resolves when every later message will arrive; after a loss, all channels are followed again before
// `onInterrupted` is called, and no message is passed on until then, except from the channels that are always followed; commands for
// one channel never overtake each other.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "@halyard/server";
import { Connection } from "./connection.ts";
import type { ClientFactory, RedisClient } from "../common/redis-client.ts";
import { settleWithin } from "../common/settle-within.ts";

export interface SubscriptionsParts {
  readonly clock: Clock;
  readonly createClient: ClientFactory;
  readonly timeoutMs: number;
  /** The channels that are followed for as long as the node runs. */
  readonly always: readonly string[];
  readonly onMessage: (text: string, channel: string) => void;
  /** Runs on each later connection before the channels are followed again. */
  readonly beforeFollowing: () => Promise<void>;
  /** Called when messages may have been lost, and arrive again. Not called for the first connection. */
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
  /** The channels that Redis has confirmed on this connection. */
  readonly #followed = new Set<string>();
  /** The channels of the next commands: wanted but not followed; below, the reverse. */
  readonly #missing = new Set<string>();
  readonly #surplus = new Set<string>();
  readonly #waiting = new Map<string, Waiting[]>();
  #isSyncing = false;
  #wasUp = false;
  /** Whether channels are being followed again. What they push meanwhile may be for readers who have lost their right. */
  #isReturning = false;

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
      if (this.#isReturning && !always.includes(channel)) return;
      // Redis may not have processed the unsubscribe of a channel yet.
      if (this.#wanted.has(channel)) onMessage(text, channel);
    };
  }

  readonly #onMessage: (text: string, channel: string) => void;

  /** The channels that this node follows, or will follow when it is connected. */
  get wanted(): Iterable<string> {
    return this.#wanted;
  }

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

  /** Stops following a channel. Redis is told later; messages that still arrive are dropped. */
  unfollow(channel: string): void {
    this.#wanted.delete(channel);
    this.#missing.delete(channel);
    if (this.#followed.has(channel)) this.#surplus.add(channel);
    const error = new HalyardError("unavailable", "The channel was given up meanwhile.");
    for (const { reject } of this.#waiting.get(channel) ?? []) reject(error);
    this.#waiting.delete(channel);
    void this.#sync();
  }

  /** Call when the connection for commands is lost. If the next one leads to another store, so must this one. */
  followStore(commands: Pick<Connection, "store" | "up">): void {
    const before = commands.store;
    const onUp = (): void => {
      // A master that has become a replica leaves this connection open, and may have nothing to push.
      if (before !== "" && commands.store === before) return;
      this.connection.replace(new Error("Redis is another one now"));
    };
    commands.up.then(onUp, () => {});
  }

  stop(): void {
    this.connection.stop();
    this.#wanted.clear();
  }

  /** Follows all channels on a new connection before it counts as up. */
  async #followAll(client: RedisClient): Promise<void> {
    this.#forget();
    const { always, beforeFollowing, onInterrupted } = this.#parts;
    this.#isReturning = this.#wasUp;
    if (this.#wasUp) await beforeFollowing();
    // First the channels that carry revocations and beats, because there may be many others.
    await this.#subscribe(client, always);
    // Detects at the start that the user may not unsubscribe. Nothing is missed, because no node knows this one yet.
    if (!this.#wasUp) await this.#unsubscribe(client, always.slice(0, 1));
    while (this.#missing.size > 0) await this.#subscribe(client, firstOf(this.#missing));
    this.#isReturning = false;
    if (this.#wasUp) onInterrupted();
    this.#wasUp = true;
  }

  /** Subscribes and unsubscribes until Redis follows the wanted channels, one command after the other. */
  async #sync(): Promise<void> {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    try {
      // Calls of one turn are combined in one command.
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
      // It is now unknown which channels are followed, so a new connection follows all of them.
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

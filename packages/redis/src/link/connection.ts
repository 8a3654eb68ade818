// One connection to Redis: created, checked, and created again when it is lost.
// Used by calls.ts for commands and by subscriptions.ts for pushed messages.
// Guarantee: `client` is connected and checked, or undefined; no command is queued for a missing connection.
import type { Clock } from "@halyard/server";
import type { ClientFactory, RedisClient } from "../common/redis-client.ts";
import { SetupError } from "../common/setup-error.ts";
import { settleWithin } from "../common/settle-within.ts";
import { asSetupError } from "./advice.ts";

export interface ConnectionParts {
  readonly clock: Clock;
  readonly createClient: ClientFactory;
  /**
   * Runs for each new connection before it is used. A {@link SetupError} ends all attempts, unless there was a connection before:
   * then a setting of the server has changed, and may be set back.
   *
   * @returns the name of the store, if it has one
   */
  readonly prepare: (client: RedisClient) => Promise<string | void>;
  readonly onLost: (error: unknown) => void;
}

/** How long an attempt may take: short, so that a new attempt follows soon after the network is healed. */
const CONNECT_MS = 2_000;
/** How long preparing may take: a node may have many channels to follow. */
const PREPARE_MS = 5_000;
const MIN_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;

interface Handle {
  ref?(): unknown;
  unref?(): unknown;
}

/** A connection that is kept open. It does not keep the process alive, unless it is held or a call is running. */
export class Connection {
  readonly #parts: ConnectionParts;
  #client: RedisClient | undefined;
  #store = "";
  #lostAt: number | undefined;
  #failure: unknown;
  #isStopped = false;
  #isHeld = false;
  /** What can keep the process alive: a client, or the timer before the next attempt. */
  #handle: Handle | undefined;
  #wasUp = false;
  #up = Promise.withResolvers<RedisClient>();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#up.promise.catch(() => {});
  }

  /** The client, if the connection is up. */
  get client(): RedisClient | undefined {
    return this.#client;
  }

  /** The name of the store that the last connection led to: another one may lack what it had. '' where that cannot be said. */
  get store(): string {
    return this.#store;
  }

  /** Since when there is no connection, by the clock; undefined while there is one. */
  get lostAt(): number | undefined {
    return this.#lostAt;
  }

  /** Why there is no connection. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves with the client when the connection is up. @throws SetupError if there will be none */
  get up(): Promise<RedisClient> {
    return this.#up.promise;
  }

  start(): void {
    this.#lostAt = this.#parts.clock.now();
    void this.#connect();
  }

  /** Makes this connection keep the process alive from now on. */
  hold(): void {
    this.#isHeld = true;
    this.#handle?.ref?.();
  }

  /** Drops a connection that does not answer, and creates another one. */
  replace(error: Error): void {
    if (this.#client !== undefined) this.#onLost(this.#client, error);
  }

  stop(): void {
    this.#isStopped = true;
    this.#client?.destroy();
    this.#client = undefined;
    const stopped = new Error("the backplane has stopped");
    // For calls that wait for a connection, now or later.
    this.#up.reject(stopped);
    this.#up = Promise.withResolvers();
    this.#up.promise.catch(() => {});
    this.#up.reject(stopped);
  }

  async #connect(): Promise<void> {
    const { clock, createClient, prepare } = this.#parts;
    for (let delayMs = MIN_DELAY_MS; !this.#isStopped; delayMs = Math.min(MAX_DELAY_MS, 2 * delayMs)) {
      const client = createClient();
      this.#use(client);
      const failures: Error[] = [];
      client.on("error", (error) => {
        failures.push(error);
        this.#onLost(client, error);
      });
      try {
        await settleWithin(clock, CONNECT_MS, client.connect());
        const store = await settleWithin(clock, PREPARE_MS, prepare(client));
        for (const failure of failures) throw failure;
        this.#store = store ?? "";
        this.#onUp(client);
        return;
      } catch (error) {
        destroy(client);
        this.#failure = this.#wasUp ? error : asSetupError(error);
        if (this.#failure instanceof SetupError && !this.#wasUp) {
          this.#up.reject(this.#failure);
          return;
        }
      }
      await new Promise<void>((resolve) => {
        this.#use(clock.setTimeout(resolve, delayMs * (0.5 + clock.random() / 2)) as Handle);
      });
    }
  }

  /** Sets what can keep the process alive. The timers of a test clock are not objects and keep nothing alive. */
  #use(handle: Handle): void {
    this.#handle = handle;
    if (this.#isHeld) handle.ref?.();
    else handle.unref?.();
  }

  #onUp(client: RedisClient): void {
    if (this.#isStopped) {
      destroy(client);
      return;
    }
    this.#use(client);
    this.#wasUp = true;
    this.#client = client;
    this.#lostAt = undefined;
    this.#failure = undefined;
    this.#up.resolve(client);
  }

  #onLost(client: RedisClient, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#failure = error;
    this.#lostAt = this.#parts.clock.now();
    this.#up = Promise.withResolvers();
    this.#up.promise.catch(() => {});
    destroy(client);
    this.#parts.onLost(error);
    void this.#connect();
  }
}

function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // The client is already closed.
  }
}

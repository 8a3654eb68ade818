// One connection to Redis: made, checked, and made again when it is lost.
// Used by calls.ts for commands and by subscriptions.ts for what Redis pushes.
// Guarantee: `client` is connected and checked, or undefined; no command is kept for a connection that is not there.
import type { Clock } from "@halyard/server";
import type { ClientFactory, RedisClient } from "../common/redis-client.ts";
import { SetupError } from "../common/setup-error.ts";
import { settleWithin } from "../common/settle-within.ts";
import { asSetupError } from "./advice.ts";

export interface ConnectionParts {
  readonly clock: Clock;
  readonly createClient: ClientFactory;
  /**
   * Runs for each new connection before it is used. A {@link SetupError} ends all attempts.
   *
   * @returns the name of the store, if it has one
   */
  readonly prepare: (client: RedisClient) => Promise<string | void>;
  readonly onLost: (error: unknown) => void;
}

/** An attempt into a network that carries nothing is given up early: when it is healed, the next one is due. */
const CONNECT_MS = 2_000;
/** A node may have many channels to follow. */
const PREPARE_MS = 5_000;
const MIN_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;

interface Handle {
  ref?(): unknown;
  unref?(): unknown;
}

/** A connection that is kept up. The process may end with it open, unless it is held; a call under way is waited for. */
export class Connection {
  readonly #parts: ConnectionParts;
  #client: RedisClient | undefined;
  #store = "";
  #lostAt: number | undefined;
  #failure: unknown;
  #isStopped = false;
  #isHeld = false;
  /** What the process may wait for: a client, or the timer before the next attempt. */
  #handle: Handle | undefined;
  #wasUp = false;
  #up = Promise.withResolvers<RedisClient>();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#up.promise.catch(() => {});
  }

  /** The client of a connection that is up. */
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

  /** Resolves with the next connection that is up. @throws SetupError when there will be none */
  get up(): Promise<RedisClient> {
    return this.#up.promise;
  }

  start(): void {
    this.#lostAt = this.#parts.clock.now();
    void this.#connect();
  }

  /** From now on the process stays alive for this connection. */
  hold(): void {
    this.#isHeld = true;
    this.#handle?.ref?.();
  }

  /** Gives up a connection that does not answer, and makes another one. */
  replace(error: Error): void {
    if (this.#client !== undefined) this.#onLost(this.#client, error);
  }

  stop(): void {
    this.#isStopped = true;
    this.#client?.destroy();
    this.#client = undefined;
    const stopped = new Error("the backplane has stopped");
    // For the calls that wait for a connection, and for those that will.
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
        if (this.#failure instanceof SetupError) {
          this.#up.reject(this.#failure);
          return;
        }
      }
      await new Promise<void>((resolve) => {
        this.#use(clock.setTimeout(resolve, delayMs * (0.5 + clock.random() / 2)) as Handle);
      });
    }
  }

  /** The timers of a test's clock are no objects, and keep nothing alive. */
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
    // It is closed already.
  }
}

/** The clients of a workload: opens connections, waits for the server, and counts connections that end. Used by every workload. */
import { setTimeout as pause } from "node:timers/promises";
import { Connection } from "./connection.ts";
import { newClientId } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

export interface ClientPoolOptions {
  readonly dialect: Dialect;
  readonly port: number;
  /** The number of nodes to which clients connect in turn. @default 1 */
  readonly nodes?: number | undefined;
  readonly isCompressed: boolean;
  /** The room of a connection by its number, from 0. @default none */
  readonly roomOf?: (number: number) => string;
  /** The sessions of the connections, each of which uses the next cookie. @default no sessions */
  readonly sessions?: Sessions | undefined;
}

/** The cookies of signed-in users, and the origin of the page that received them. */
export interface Sessions {
  readonly origin: string;
  readonly cookies: readonly string[];
}

const TIMEOUT_MS = 60_000;
/** The silence after which a server has sent everything, in ms. */
const QUIET_MS = 150;
/**
 * How long a server may collect the news of connections before it sends them, in ms: Halyard changes a list of more than 500 users
 * every second. A text that comes later would count as a message, and make its receiver send one more.
 */
const NEWS_MS = 2_500;

/** Connections to one server, each with its own user. */
export class ClientPool {
  readonly connections: Connection[] = [];
  /** The number of connections that the server has closed, by close code or by the status of the rejected handshake. */
  readonly endings = new Map<string, number>();
  readonly #options: ClientPoolOptions;
  #opened = 0;
  #lastReadyAt = 0;
  #isClosing = false;
  #onEnding: (() => void) | undefined;

  constructor(options: ClientPoolOptions) {
    this.#options = options;
  }

  get dialect(): Dialect {
    return this.#options.dialect;
  }

  /** The number of text frames that all connections have received. */
  get texts(): number {
    let sum = 0;
    for (const connection of this.connections) sum += connection.texts;
    return sum;
  }

  /** Opens one more connection, which is not in {@link connections}. */
  open(onReady: (connection: Connection) => void): Connection {
    const { nodes, roomOf, sessions } = this.#options;
    const number = ++this.#opened;
    const user = `u${String(number).padStart(6, "0")}`;
    return new Connection({
      dialect: this.#options.dialect,
      port: this.#options.port,
      host: nodes === undefined ? "127.0.0.1" : `127.0.1.${String(1 + (number % nodes))}`,
      isCompressed: this.#options.isCompressed,
      // One address has about 28,000 ports, and a closed port is not free at once.
      localAddress: `127.0.0.${String(2 + (number % 8))}`,
      info: { user, room: roomOf?.(number - 1), clientId: newClientId() },
      cookie: sessions && { value: sessions.cookies[number - 1] ?? "", origin: sessions.origin },
      onReady,
      onEnd: (connection, reason) => {
        if (this.#isClosing || !this.connections.includes(connection)) return;
        this.endings.set(reason, (this.endings.get(reason) ?? 0) + 1);
        this.#onEnding?.();
      },
    });
  }

  /**
   * Opens connections, at most `atOnce` at a time, and resolves when the server has welcomed them all.
   *
   * @throws Error if one of them ends, or after a minute
   */
  async grow(count: number, atOnce = 64): Promise<void> {
    if (count === 0) return;
    let ready = 0;
    const goal = this.connections.length + count;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const fail = (): void => {
      reject(new Error(`${String(ready)} of ${String(count)} connections opened: ${this.describeEndings()}`));
    };
    const openNext = (): void => {
      if (this.connections.length < goal) this.connections.push(this.open(onReady));
    };
    const onReady = (): void => {
      openNext();
      this.#lastReadyAt = performance.now();
      if (++ready === count) resolve(undefined);
    };
    this.#onEnding = fail;
    const timer = setTimeout(fail, TIMEOUT_MS);
    for (let index = 0; index < atOnce; index++) openNext();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#onEnding = undefined;
    }
  }

  /** Waits until the server has been silent for a while, and has sent what the last connections changed. */
  async settle(): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    await pause(Math.max(0, this.#lastReadyAt + NEWS_MS - performance.now()));
    for (let last = -1; last !== this.texts;) {
      last = this.texts;
      if (performance.now() > deadline) throw new Error("the server does not stop sending");
      await pause(QUIET_MS);
    }
  }

  /** @throws Error if connections have ended, because the figures would be those of fewer connections */
  assertNoneEnded(): void {
    if (this.endings.size > 0) throw new Error(`connections ended: ${this.describeEndings()}`);
  }

  describeEndings(): string {
    return (
      [...this.endings].map(([ending, count]) => `${String(count)} × ${ending}`).join(", ") || "none ended"
    );
  }

  destroy(): void {
    this.#isClosing = true;
    for (const connection of this.connections) connection.destroy();
  }
}

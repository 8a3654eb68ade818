// A TCP proxy between clients and a server, for faults on real sockets.
// Called by delivery tests and by the soak, storm and fuzz suites.
// Guarantee: bytes pass unchanged and in order until a fault is asked for, and `close` ends every connection.
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createRandom, seedOf } from "../utils/random.ts";
import { ProxiedConnection } from "./fault-connection.ts";
import type { FaultConnection } from "./fault-connection.ts";
import { realClock } from "../clock/real-clock.ts";
import type { TimerClock } from "../clock/real-clock.ts";

/** The part of a clock that a proxy needs. `createTestClock()` fits. */
export type ProxyClock = TimerClock;

/** The options of {@link createFaultProxy}. */
export interface FaultProxyOptions {
  /** The server to which connections go. `host` is 127.0.0.1 unless given. */
  readonly target: { readonly port: number; readonly host?: string | undefined };
  /** The address at which the proxy listens. @default 127.0.0.1, a free port */
  readonly listen?: { readonly port?: number | undefined; readonly host?: string | undefined } | undefined;
  /** The seed of all random numbers, any integer. @default 1 */
  readonly seed?: number | undefined;
  /**
   * Called with each new connection before its first byte, for faults that strike early. `random` belongs to the
   * connection: it gives the same numbers for the same seed and the same `id`.
   * @default undefined
   */
  readonly onConnection?: ((connection: FaultConnection, random: () => number) => void) | undefined;
  /** The clock of delays and limits. @default real time */
  readonly clock?: ProxyClock | undefined;
}

/** A TCP proxy between clients and a server that can break, delay and limit their connections. */
export interface FaultProxy {
  /** The address at which the proxy listens. */
  readonly host: string;
  /** The port at which the proxy listens. */
  readonly port: number;
  /** The open connections, the oldest first. */
  readonly connections: readonly FaultConnection[];
  /** Resets new connections. Open connections stay. */
  refuse(): void;
  /** Accepts new connections again. */
  accept(): void;
  /** Cuts every connection, and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a proxy for real sockets, by which a test breaks the network between a client and a server.
 *
 * @throws Error when the proxy cannot listen
 * @example
 * const proxy = await createFaultProxy({ target: { port: 3000 } });
 * const client = createWebSocketClient({ url: `ws://127.0.0.1:${proxy.port}/ws` });
 * for (const connection of proxy.connections) connection.stall("down");
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new TcpProxy(options);
  await proxy.listen();
  return proxy;
}

const LOOPBACK = "127.0.0.1";

class TcpProxy implements FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #server: Server;
  readonly #connections = new Set<ProxiedConnection>();
  #lastId = 0;
  #isRefusing = false;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#connect(socket));
  }

  get host(): string {
    return this.#options.listen?.host ?? LOOPBACK;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get connections(): readonly FaultConnection[] {
    return [...this.#connections];
  }

  refuse(): void {
    this.#isRefusing = true;
  }

  accept(): void {
    this.#isRefusing = false;
  }

  listen(): Promise<void> {
    const { port = 0 } = this.#options.listen ?? {};
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: this.host, port }, resolve);
    });
  }

  async close(): Promise<void> {
    this.#isRefusing = true;
    const ended = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.cut();
    await ended;
  }

  #connect(client: Socket): void {
    if (this.#isRefusing) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const { target, seed = 1, clock = realClock, onConnection } = this.#options;
    const server = connect({
      host: target.host ?? LOOPBACK,
      port: target.port,
      allowHalfOpen: true,
      noDelay: true,
    });
    const id = ++this.#lastId;
    // Each connection has random numbers of its own, so that one connection does not change the faults of another. Jitter
    // has its own, too: how often it is drawn depends on how the kernel cuts the bytes.
    const ownSeed = seedOf(seed, id);
    const parts = { id, client, server, clock, random: createRandom(~ownSeed) };
    const connection = new ProxiedConnection(parts);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    onConnection?.(connection, createRandom(ownSeed));
  }
}

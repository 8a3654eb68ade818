import { setTimeout as pause } from "node:timers/promises";
import { Connection } from "./connection.ts";
import { newClientId } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

export interface FleetOptions {
  readonly dialect: Dialect;
  readonly port: number;
  readonly isCompressed: boolean;
  /** The room of a connection, by its number: the first is 0. @default none */
  readonly roomOf?: (number: number) => string;
  /** What each connection is signed in by, in order. @default nothing */
  readonly sessions?: Sessions | undefined;
}

/** Cookies of signed-in users, and the origin of the page that got them. */
export interface Sessions {
  readonly origin: string;
  readonly cookies: readonly string[];
}

const PATIENCE_MS = 60_000;
const QUIET_MS = 150;

/** Many connections to one server. */
export class Fleet {
  readonly connections: Connection[] = [];
  /** How connections ended that this side did not close. */
  readonly endings = new Map<string, number>();
  readonly #options: FleetOptions;
  #opened = 0;
  #isClosing = false;
  #onEnding: (() => void) | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get dialect(): Dialect {
    return this.#options.dialect;
  }

  /** Text frames that all connections have got. */
  get texts(): number {
    let sum = 0;
    for (const connection of this.connections) sum += connection.texts;
    return sum;
  }

  /** Opens one more connection, of a user of its own. */
  open(onReady: (connection: Connection) => void): Connection {
    const { roomOf, sessions } = this.#options;
    const number = ++this.#opened;
    return new Connection({
      dialect: this.#options.dialect,
      port: this.#options.port,
      isCompressed: this.#options.isCompressed,
      // One address has some 28,000 ports, and a closed one is not free at once.
      localAddress: `127.0.0.${String(2 + (number % 8))}`,
      user: `u${String(number).padStart(6, "0")}`,
      place: { room: roomOf?.(number - 1), clientId: newClientId() },
      cookie: sessions && { value: sessions.cookies[number - 1] ?? "", origin: sessions.origin },
      onReady,
      onEnd: (connection, how) => {
        if (this.#isClosing || !this.connections.includes(connection)) return;
        this.endings.set(how, (this.endings.get(how) ?? 0) + 1);
        this.#onEnding?.();
      },
    });
  }

  /**
   * Opens connections, so many at a time, and resolves when the server has welcomed them all.
   *
   * @throws Error when one of them ends, or takes too long
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
      if (++ready === count) resolve(undefined);
    };
    this.#onEnding = fail;
    const timer = setTimeout(fail, PATIENCE_MS);
    for (let index = 0; index < atOnce; index++) openNext();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#onEnding = undefined;
    }
  }

  /** Waits until the server has nothing more to say. */
  async settle(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let last = -1; last !== this.texts;) {
      last = this.texts;
      if (performance.now() > deadline) throw new Error("the server does not come to rest");
      await pause(QUIET_MS);
    }
  }

  /** @throws Error when connections ended during a measurement: what was measured is not what was meant */
  assertWhole(): void {
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

import type { Socket } from "node:net";
import { Pipe } from "./pipe.ts";
import type { ProxyClock } from "../clock/real-clock.ts";

/** `up`: from the client to the server. `down`: from the server to the client. */
export type Direction = "up" | "down" | "both";

/** One connection through a fault proxy. Every fault takes effect at once, and may be used at any time. */
export interface FaultConnection {
  /** Counts the proxy's connections, from 1. */
  readonly id: number;
  /** What has passed. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** `halfOpen`: one end is gone, and the other does not know it. */
  readonly state: "open" | "halfOpen" | "closed";
  /** Resolves when both ends are closed. */
  readonly closed: Promise<void>;
  /** Bytes arrive later, by `ms` and up to `jitterMs` more; their order stays. */
  delay(ms: number, jitterMs?: number): void;
  /** A slow reader: so many bytes per second pass, and the sender's buffers fill. */
  limit(bytesPerSecond: number, direction?: Direction): void;
  /** Nothing passes, and nothing is lost. @param direction @default "both" */
  stall(direction?: Direction): void;
  /** Ends `delay`, `limit` and `stall`, and takes `cutAfter` back. What has waited passes. */
  resume(): void;
  /** Resets both ends (RST): what is under way is lost. */
  cut(): void;
  /** Cuts when so many more bytes have passed in a direction; so in the middle of a frame, or of a handshake. */
  cutAfter(bytes: number, direction: "up" | "down"): void;
  /**
   * One end is reset, and the other is not told: nothing comes any more, and what it sends goes nowhere.
   *
   * @param gone which end it is that has gone. @default "server"
   */
  halfOpen(gone?: "client" | "server"): void;
}

export interface ConnectionParts {
  readonly id: number;
  readonly client: Socket;
  readonly server: Socket;
  readonly clock: ProxyClock;
  readonly random: () => number;
}

export class ProxiedConnection implements FaultConnection {
  readonly id: number;
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #gone: "client" | "server" | undefined;

  constructor({ id, client, server, clock, random }: ConnectionParts) {
    const spent = (): void => this.cut();
    this.id = id;
    this.#client = client;
    this.#server = server;
    this.#up = new Pipe({ source: client, sink: server, clock, random, spent });
    this.#down = new Pipe({ source: server, sink: client, clock, random, spent });
    const ended = (socket: Socket): Promise<void> =>
      new Promise((resolve) => {
        // A reset travels on as a reset; its close event follows.
        socket.on("error", () => this.#broken());
        socket.on("close", () => resolve());
      });
    this.closed = Promise.all([ended(client), ended(server)]).then(() => this.#stop());
  }

  get bytes(): { readonly up: number; readonly down: number } {
    return { up: this.#up.bytes, down: this.#down.bytes };
  }

  get state(): "open" | "halfOpen" | "closed" {
    if (this.#client.destroyed && this.#server.destroyed) return "closed";
    return this.#gone ? "halfOpen" : "open";
  }

  delay(ms: number, jitterMs = 0): void {
    for (const pipe of this.#pipes("both")) {
      pipe.delayMs = ms;
      pipe.jitterMs = jitterMs;
    }
  }

  limit(bytesPerSecond: number, direction: Direction = "both"): void {
    for (const pipe of this.#pipes(direction)) pipe.bytesPerSecond = bytesPerSecond;
  }

  stall(direction: Direction = "both"): void {
    for (const pipe of this.#pipes(direction)) {
      pipe.isStalled = true;
      pipe.pump();
    }
  }

  resume(): void {
    for (const pipe of this.#pipes("both")) pipe.release();
  }

  cut(): void {
    this.#stop();
    reset(this.#client);
    reset(this.#server);
  }

  cutAfter(bytes: number, direction: "up" | "down"): void {
    for (const pipe of this.#pipes(direction)) pipe.allowance = bytes;
  }

  halfOpen(gone: "client" | "server" = "server"): void {
    if (this.state !== "open") return;
    this.#gone = gone;
    this.#stop();
    reset(gone === "server" ? this.#server : this.#client);
  }

  #pipes(direction: Direction): Pipe[] {
    if (direction === "both") return [this.#up, this.#down];
    return [direction === "up" ? this.#up : this.#down];
  }

  #stop(): void {
    this.#up.stop();
    this.#down.stop();
  }

  #broken(): void {
    if (!this.#gone) this.cut();
  }
}

/** In the moment in which a socket says goodbye Node fails to reset it, never closes it, and then cannot even end. */
function reset(socket: Socket): void {
  const isLeaving = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isLeaving) socket.once("finish", () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}

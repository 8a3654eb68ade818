// One connection through the fault proxy: two sockets, a pipe in each direction, and the faults on them.
// Made by the proxy for each client; its public half is what tests and nemeses get.
// Guarantee: every fault takes effect at once, and `closed` resolves however the connection ends.
import type { Socket } from "node:net";
import { Pipe } from "./pipe.ts";
import type { TimerClock } from "../clock/real-clock.ts";

/** A direction of a connection. `up`: from the client to the server. `down`: from the server to the client. */
export type Direction = "up" | "down" | "both";

/** One connection through a fault proxy. Every fault takes effect at once and may be used at any time. */
export interface FaultConnection {
  /** The number of the connection at its proxy, from 1. */
  readonly id: number;
  /** How many bytes have passed in each direction. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** `halfOpen`: one end was reset, and the other does not know it. */
  readonly state: "open" | "halfOpen" | "closed";
  /** Resolves when both ends are closed. */
  readonly closed: Promise<void>;
  /** Delays bytes by `ms` and up to `jitterMs` more; their order stays. */
  delay(ms: number, jitterMs?: number): void;
  /** Lets so many bytes per second pass, as a slow reader does: the sender's buffers fill. */
  limit(bytesPerSecond: number, direction?: Direction): void;
  /** Lets nothing pass, and loses nothing. @param direction @default "both" */
  stall(direction?: Direction): void;
  /** Ends `delay`, `limit` and `stall`, and takes `cutAfter` back. The bytes that waited pass. */
  resume(): void;
  /** Resets both ends (RST): bytes on their way are lost. */
  cut(): void;
  /** Cuts when so many more bytes have passed in a direction: in the middle of a frame, or of a handshake. */
  cutAfter(bytes: number, direction: "up" | "down"): void;
  /**
   * Resets one end and leaves the other open: it receives nothing any more, and the bytes that it sends are dropped.
   *
   * @param gone the end that is reset. @default "server"
   */
  halfOpen(gone?: "client" | "server"): void;
}

export interface ConnectionParts {
  readonly id: number;
  readonly client: Socket;
  readonly server: Socket;
  readonly clock: TimerClock;
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
    const onAllowanceUsed = (): void => this.cut();
    this.id = id;
    this.#client = client;
    this.#server = server;
    this.#up = new Pipe({ source: client, sink: server, clock, random, onAllowanceUsed });
    this.#down = new Pipe({ source: server, sink: client, clock, random, onAllowanceUsed });
    const ended = (socket: Socket): Promise<void> =>
      new Promise((resolve) => {
        // A reset at one end resets the other; the close event follows the error.
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

/** While a socket sends its FIN, Node cannot reset it: such a socket would never close, and could not even end. */
function reset(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isEnding) socket.once("finish", () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}

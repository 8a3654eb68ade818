import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { fits } from "./frame.ts";
import type { Frame, Pattern } from "./frame.ts";
import { PATIENCE_MS, within } from "./wait.ts";

export interface Close {
  readonly code: number;
  readonly reason: string;
}

export interface ConnectOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly localAddress?: string;
  /** Whether WebSocket pings are answered. @default true */
  readonly autoPong?: boolean;
}

/** The status with which a server refused an upgrade. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`The upgrade was refused with ${String(status)}`);
    this.status = status;
  }
}

/** A client written from PROTOCOL.md on a bare WebSocket. As it stands it is a plain client; `V1Client` adds the rest. */
export class RawClient {
  /** Everything that was received, in order. */
  readonly frames: Frame[] = [];
  readonly closed: Promise<Close>;
  readonly pings: number[] = [];
  protected readonly socket: WebSocket;
  #cursor = 0;
  #wake: (() => void)[] = [];
  readonly #opened: Promise<void>;

  constructor({ url, headers = {}, protocols = [], localAddress, autoPong = true }: ConnectOptions) {
    this.socket = new WebSocket(url, [...protocols], {
      headers,
      autoPong,
      perMessageDeflate: false,
      handshakeTimeout: PATIENCE_MS,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    this.#opened = new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("unexpected-response", (_request, response) => {
        response.resume();
        reject(new Refused(response.statusCode ?? 0));
        this.socket.terminate();
      });
      this.socket.on("error", reject);
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#notify();
      });
    });
    this.socket.on("ping", () => this.pings.push(performance.now()));
    this.socket.on("message", (data) => {
      this.receive(JSON.parse((data as Buffer).toString()) as Frame);
    });
  }

  /** @throws Refused when the server answers with anything but 101 */
  async open(): Promise<this> {
    await within(this.#opened, () => "the upgrade");
    return this;
  }

  get subprotocol(): string {
    return this.socket.protocol;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Objects are sent as JSON, text and bytes as they are. */
  send(message: object | string): void {
    if (typeof message === "string" || message instanceof Uint8Array) this.socket.send(message);
    else this.socket.send(JSON.stringify(message));
  }

  /** The next frame that fits; what was received before it is passed over and not offered again. */
  async next(pattern: Pattern, ms = PATIENCE_MS): Promise<Frame> {
    const describe = () => `${nameOf(pattern)} among ${this.#describe(this.#cursor)}`;
    return within(
      this.#find(pattern, () => this.#cursor),
      describe,
      ms,
    );
  }

  /** The very next frame, whatever it is. */
  async take(): Promise<Frame> {
    return this.next({});
  }

  /** The first frame ever received that fits, also when it is still to come. */
  async seen(pattern: Pattern, ms = PATIENCE_MS): Promise<Frame> {
    const describe = () => `${nameOf(pattern)} among ${this.#describe(0)}`;
    return within(
      this.#find(pattern, () => 0),
      describe,
      ms,
    );
  }

  /** All frames received so far that fit. */
  all(pattern: Pattern): Frame[] {
    return this.frames.filter((frame) => fits(frame, pattern));
  }

  /** Returns once everything that the server had written to this connection by now has been received. */
  async sync(): Promise<void> {
    const id = randomUUID();
    this.send({ type: "ping", $: { id } });
    await this.seen({ type: "pong", $: { re: id } });
  }

  /** Reads nothing any more, until `resume`: what the server sends piles up. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Waits for the close that the server begins. */
  async end(ms = PATIENCE_MS): Promise<Close> {
    return within(this.closed, () => `a close; received: ${this.#describe(0)}`, ms);
  }

  async close(code = 1000): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING) this.socket.terminate();
    else this.socket.close(code);
    await this.end();
  }

  /** Cuts the connection without a close frame: the server sees 1006. */
  async cut(): Promise<void> {
    this.socket.terminate();
    await this.end();
  }

  protected receive(frame: Frame): void {
    this.frames.push(frame);
    this.#notify();
  }

  async #find(pattern: Pattern, from: () => number): Promise<Frame> {
    for (let index = from(); ; index++) {
      while (index >= this.frames.length) {
        if (this.socket.readyState === WebSocket.CLOSED)
          throw new Error(`Closed before ${nameOf(pattern)}: ${this.#describe(0)}`);
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
      const frame = this.frames[index];
      if (frame === undefined || !fits(frame, pattern)) continue;
      this.#cursor = Math.max(this.#cursor, index + 1);
      return frame;
    }
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #describe(from: number): string {
    return JSON.stringify(this.frames.slice(from)).slice(0, 2_000);
  }
}

function nameOf(pattern: Pattern): string {
  return typeof pattern === "function" ? pattern.toString() : JSON.stringify(pattern);
}

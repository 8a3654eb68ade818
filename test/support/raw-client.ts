// A plain client on a bare WebSocket, which sends only the frames that the test gives it.
// Every suite on real sockets uses it; `TestApp` opens it, and closes it after the test.
// Written from PROTOCOL.md alone: nothing here comes from a Halyard package.
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { matchesPattern } from "./frame.ts";
import type { Frame, Pattern } from "./frame.ts";
import { TIMEOUT_MS, within } from "./wait.ts";

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

/** The error of an upgrade that the server answered with another status than 101. */
export class UpgradeRejected extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`The upgrade was rejected with ${String(status)}`);
    this.status = status;
  }
}

/** A plain client. `V1Client` extends it to a `halyard.v1` client. */
export class RawClient {
  /** All received frames, in order. */
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
      handshakeTimeout: TIMEOUT_MS,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    this.#opened = new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("unexpected-response", (_request, response) => {
        response.resume();
        reject(new UpgradeRejected(response.statusCode ?? 0));
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

  /** @throws UpgradeRejected when the server answers with anything but 101 */
  async open(): Promise<this> {
    await within(this.#opened, () => "the upgrade");
    return this;
  }

  get subprotocol(): string {
    return this.socket.protocol;
  }

  /** The TCP socket, which `ws` does not declare. */
  get #stream(): Socket {
    return (this.socket as unknown as { readonly _socket: Socket })._socket;
  }

  /** The number of received bytes, with those of the handshake. */
  get bytesReceived(): number {
    return this.#stream.bytesRead;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends objects as JSON, and text and bytes unchanged. */
  send(message: object | string): void {
    if (typeof message === "string" || message instanceof Uint8Array) this.socket.send(message);
    else this.socket.send(JSON.stringify(message));
  }

  /** Writes bytes to the TCP socket: several frames, one, or a part of one. */
  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Sends frames in one packet, so that the server reads them in one turn. */
  sendTogether(frames: readonly object[]): void {
    this.#stream.cork();
    for (const frame of frames) this.send(frame);
    this.#stream.uncork();
  }

  /** The next frame that matches. Frames before it are skipped: later calls do not return them. */
  async next(pattern: Pattern, ms = TIMEOUT_MS): Promise<Frame> {
    const describe = () => `${nameOf(pattern)} among ${this.#describe(this.#cursor)}`;
    return within(
      this.#find(pattern, () => this.#cursor),
      describe,
      ms,
    );
  }

  /** The next frame of any type. */
  async nextFrame(): Promise<Frame> {
    return this.next({});
  }

  /** The first of all received frames that matches; waits for it when there is none yet. */
  async seen(pattern: Pattern, ms = TIMEOUT_MS): Promise<Frame> {
    const describe = () => `${nameOf(pattern)} among ${this.#describe(0)}`;
    return within(
      this.#find(pattern, () => 0),
      describe,
      ms,
    );
  }

  /** All frames received so far that match. */
  all(pattern: Pattern): Frame[] {
    return this.frames.filter((frame) => matchesPattern(frame, pattern));
  }

  /** Resolves when every frame that the server has written to this connection so far is received. */
  async sync(): Promise<void> {
    const id = randomUUID();
    this.send({ type: "ping", $: { id } });
    await this.seen({ type: "pong", $: { re: id } });
  }

  /** Stops reading until `resume`. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Waits until the server closes the connection. */
  async end(ms = TIMEOUT_MS): Promise<Close> {
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
      if (frame === undefined || !matchesPattern(frame, pattern)) continue;
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

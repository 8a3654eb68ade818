// A WebSocket client on bare TCP, for the attacks: after its handshake it writes exactly the bytes of the test.
// `AttackedApp.openTcp` opens it. It answers neither pings nor closes, and checks nothing that it receives.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { upgradeText } from "../../support/handshake.ts";
import type { Header } from "../../support/handshake.ts";
import { until, within } from "../../support/wait.ts";
import { decodeFrame, OPCODE } from "../../support/websocket-frames.ts";
import type { DecodedFrame } from "../../support/websocket-frames.ts";

export interface TcpClientOptions {
  readonly port: number;
  /** @default /ws */
  readonly target?: string;
  /** @default none */
  readonly headers?: readonly Header[];
  /** @default 127.0.0.1 */
  readonly localAddress?: string;
}

type Message = Readonly<Record<string, unknown>>;

export class TcpClient {
  readonly socket: Socket;
  /** The server's frames, control frames too. */
  readonly frames: DecodedFrame[] = [];
  /** The server's close code once the connection has ended; 1006 when the server sent no close frame. */
  readonly closed: Promise<number>;
  /** The head of the server's answer to the handshake. */
  head = "";
  #rest = Buffer.alloc(0);
  #isOpen = false;

  constructor({ port, target, headers, localAddress = "127.0.0.1" }: TcpClientOptions) {
    this.socket = connect({ host: "127.0.0.1", port, localAddress, allowHalfOpen: true });
    this.socket.write(upgradeText(headers, target));
    this.socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    this.closed = new Promise((resolve) => {
      const finish = (): void => {
        resolve(this.#closeCode());
      };
      this.socket.once("end", finish);
      this.socket.once("close", finish);
      this.socket.on("error", finish);
    });
  }

  /** @throws Error when the server does not answer with 101 */
  async open(): Promise<this> {
    await until("the handshake", () => this.#isOpen || this.socket.readableEnded);
    if (!this.#isOpen) throw new Error(`The upgrade was rejected: ${this.#rest.toString("latin1")}`);
    return this;
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The received text messages, parsed. */
  get messages(): readonly Message[] {
    return this.frames
      .filter(({ opcode }) => opcode === OPCODE.text)
      .map(({ payload }) => JSON.parse(payload.toString()) as Message);
  }

  /** The first received message of this type; waits for it when there is none yet. */
  async received(type: string): Promise<Message> {
    return until(
      `a message of type ${type}`,
      () => this.messages.find((message) => message["type"] === type) ?? false,
    );
  }

  /** Waits until the server ends the connection. @returns its close code */
  async end(ms = 5_000): Promise<number> {
    return within(this.closed, () => "the server to close", ms);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (!this.#isOpen) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end === -1 || !this.#rest.toString("latin1", 0, 12).endsWith(" 101")) return;
      this.#isOpen = true;
      this.head = this.#rest.toString("latin1", 0, end);
      this.#rest = this.#rest.subarray(end + 4);
    }
    for (let frame = decodeFrame(this.#rest); frame; frame = decodeFrame(this.#rest)) {
      this.frames.push(frame);
      this.#rest = this.#rest.subarray(frame.size);
    }
  }

  #closeCode(): number {
    const close = this.frames.find(({ opcode }) => opcode === OPCODE.close);
    if (close === undefined) return 1006;
    return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0);
  }
}

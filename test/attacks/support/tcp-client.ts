import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { until, within } from "../../support/wait.ts";

export interface FrameOptions {
  /** @default 1, text */
  readonly opcode?: number;
  readonly payload?: string | Uint8Array;
  /** @default true */
  readonly fin?: boolean;
  /** The three reserved bits, as one number. @default 0 */
  readonly rsv?: number;
  /** @default true */
  readonly masked?: boolean;
  /** What the header claims. @default the payload's length */
  readonly length?: bigint;
}

/** A client's frame, as right or wrong as it is asked for. */
export function frame({ opcode = 1, fin = true, rsv = 0, masked = true, ...rest }: FrameOptions): Buffer {
  const payload = Buffer.from(rest.payload ?? "");
  const { length = BigInt(payload.length) } = rest;
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const head =
    length < 126n
      ? Buffer.from([first, mask | Number(length)])
      : length < 65_536n
        ? Buffer.from([first, mask | 126, Number(length >> 8n), Number(length & 255n)])
        : Buffer.concat([Buffer.from([first, mask | 127]), bytesOf(length)]);
  if (!masked) return Buffer.concat([head, payload]);
  const key = randomBytes(4);
  const hidden = payload.map((byte, index) => byte ^ (key[index % 4] ?? 0));
  return Buffer.concat([head, key, hidden]);
}

function bytesOf(length: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(length);
  return bytes;
}

export function closeFrame(code: number, reason: string | Uint8Array = ""): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
  return frame({ opcode: 8, payload });
}

export interface WireOptions {
  readonly port: number;
  readonly target?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly localAddress?: string;
}

/** A WebSocket client without any manners: it has said its handshake, and then writes whatever bytes it is told to. */
export class Wire {
  readonly socket: Socket;
  /** The server's frames, control frames too. */
  readonly frames: { readonly opcode: number; readonly payload: Buffer }[] = [];
  /** When the server ended the connection: its close code, or 1006 when there was no close frame. */
  readonly closed: Promise<number>;
  /** The head of the server's answer. */
  head = "";
  #rest = Buffer.alloc(0);
  #isOpen = false;

  constructor({ port, target = "/ws", headers = [], localAddress = "127.0.0.1" }: WireOptions) {
    this.socket = connect({ host: "127.0.0.1", port, localAddress, allowHalfOpen: true });
    const head = [`GET ${target} HTTP/1.1`, "Host: x", "Connection: Upgrade", "Upgrade: websocket"];
    const version = ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
    const others = headers.map(([name, value]) => `${name}: ${value}`);
    this.socket.write(`${[...head, ...version, ...others].join("\r\n")}\r\n\r\n`);
    this.socket.on("data", (chunk: Buffer) => {
      this.#hear(chunk);
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
    if (!this.#isOpen) throw new Error(`The upgrade was refused: ${this.#rest.toString("latin1")}`);
    return this;
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The text messages that came, parsed. */
  get messages(): readonly Readonly<Record<string, unknown>>[] {
    return this.frames
      .filter(({ opcode }) => opcode === 1)
      .map(({ payload }) => JSON.parse(payload.toString()) as Readonly<Record<string, unknown>>);
  }

  /** The first message of this type that came, or comes. */
  async hears(type: string): Promise<Readonly<Record<string, unknown>>> {
    return until(
      `a message of type ${type}`,
      () => this.messages.find((each) => each["type"] === type) ?? false,
    );
  }

  /** Waits for the server to end the connection. */
  async end(ms = 5_000): Promise<number> {
    return within(this.closed, () => "the server to close", ms);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #hear(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (!this.#isOpen) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end === -1 || !this.#rest.toString("latin1", 0, 12).endsWith(" 101")) return;
      this.#isOpen = true;
      this.head = this.#rest.toString("latin1", 0, end);
      this.#rest = this.#rest.subarray(end + 4);
    }
    for (let size = this.#take(); size > 0; size = this.#take()) this.#rest = this.#rest.subarray(size);
  }

  /** Keeps the first frame of what came, if it is whole; returns how many bytes it was. */
  #take(): number {
    const rest = this.#rest;
    if (rest.length < 2) return 0;
    const short = (rest[1] ?? 0) & 127;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (rest.length < head) return 0;
    const length =
      short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
    if (rest.length < head + length) return 0;
    const payload = Buffer.from(rest.subarray(head, head + length));
    this.frames.push({ opcode: (rest[0] ?? 0) & 15, payload });
    return head + length;
  }

  #closeCode(): number {
    const close = this.frames.find(({ opcode }) => opcode === 8);
    if (close === undefined) return 1006;
    return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0);
  }
}

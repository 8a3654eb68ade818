import { connect } from "node:net";
import type { Socket } from "node:net";
import { CLOSE_FRAME, clientFrame, FrameReader, OPCODE, textFrame } from "./frames.ts";
import type { Dialect, Place } from "./dialect.ts";

/** What all connections of a process read into: what was read is looked at before anything else is read. */
const shared = Buffer.allocUnsafe(256 * 1024);
const END_OF_HEADERS = Buffer.from("\r\n\r\n");

export interface ConnectionOptions {
  readonly dialect: Dialect;
  readonly port: number;
  readonly localAddress: string;
  readonly isCompressed: boolean;
  readonly user: string;
  readonly place: Place;
  /** Sent with the upgrade, as the browser of a signed-in user does. */
  readonly cookie: { readonly value: string; readonly origin: string } | undefined;
  readonly onReady: (connection: Connection) => void;
  /** @param how the code of the close frame, or the status of a refusal */
  readonly onEnd: (connection: Connection, how: string) => void;
}

/** One WebSocket of the load, from the TCP handshake on. */
export class Connection {
  readonly place: Place;
  /** Sends of this connection, for dialects that number them. */
  seq = 0;
  isReady = false;
  /** Called after a read in which text frames were completed. */
  onTexts: ((count: number) => void) | undefined;
  /** Called for each text frame when it begins. */
  onText: ((bytes: Buffer, at: number, available: number) => void) | undefined;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  #handshake: Buffer | undefined = Buffer.alloc(0);
  #ending = "no close frame";
  #isEnded = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.place = options.place;
    this.#frames = new FrameReader({
      onText: (bytes, at, available) => {
        if (options.dialect.heartbeat !== undefined && isOneByte(bytes, at))
          this.send(options.dialect.heartbeat);
        this.onText?.(bytes, at, available);
      },
      onControl: (opcode, payload) => {
        this.#control(opcode, payload);
      },
    });
    this.#socket = connect({
      port: options.port,
      host: "127.0.0.1",
      localAddress: options.localAddress,
      noDelay: true,
      onread: { buffer: shared, callback: (length) => this.#read(length) },
    });
    this.#socket.once("connect", () => this.#socket.write(this.#upgradeRequest()));
    this.#socket.on("error", () => this.#end());
    this.#socket.on("close", () => this.#end());
  }

  /** Text frames so far. */
  get texts(): number {
    return this.#frames.texts;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  send(text: string): void {
    this.write(textFrame(text));
  }

  /** Frames that are ready, in one piece. */
  write(frames: Buffer): void {
    if (!this.#isEnded) this.#socket.write(frames);
  }

  /** Stops reading, like a process that stands still. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Leaves for good. */
  close(): void {
    this.write(CLOSE_FRAME);
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(length: number): boolean {
    if (this.#handshake !== undefined) {
      this.#readHandshake(Buffer.concat([this.#handshake, shared.subarray(0, length)]));
      return true;
    }
    this.#readFrames(shared, length);
    return true;
  }

  #readHandshake(bytes: Buffer): void {
    const end = bytes.indexOf(END_OF_HEADERS);
    this.#handshake = bytes;
    if (end === -1) return;
    this.#handshake = undefined;
    if (!bytes.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101"))) {
      this.#ending = bytes.toString("latin1", 0, bytes.indexOf("\r\n"));
      this.#socket.destroy();
      return;
    }
    if (this.#options.isCompressed && !bytes.includes("permessage-deflate")) {
      this.#ending = "no compression";
      this.#socket.destroy();
      return;
    }
    for (const text of this.#options.dialect.greeting(this.place)) this.send(text);
    const rest = Buffer.from(bytes.subarray(end + END_OF_HEADERS.length));
    if (rest.length > 0) this.#readFrames(rest, rest.length);
  }

  #readFrames(bytes: Buffer, length: number): void {
    const before = this.#frames.texts;
    this.#frames.read(bytes, length);
    const count = this.#frames.texts - before;
    if (count === 0) return;
    if (!this.isReady && this.#frames.texts >= this.#options.dialect.readyAfter(this.place)) {
      this.isReady = true;
      this.#options.onReady(this);
    }
    this.onTexts?.(count);
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.write(clientFrame(payload, OPCODE.pong));
    if (opcode !== OPCODE.close) return;
    if (payload.length >= 2) this.#ending = String(payload.readUInt16BE(0));
    this.close();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.onEnd(this, this.#ending);
  }

  #upgradeRequest(): string {
    const { dialect, user, place, isCompressed, cookie } = this.#options;
    const { path, headers } = dialect.target(user, place);
    return [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${String(this.#options.port)}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: aGFseWFyZC1iZW5jaGluZw==",
      "Sec-WebSocket-Version: 13",
      ...headers,
      ...(cookie === undefined ? [] : [`Cookie: ${cookie.value}`, `Origin: ${cookie.origin}`]),
      ...(isCompressed ? ["Sec-WebSocket-Extensions: permessage-deflate"] : []),
      "\r\n",
    ].join("\r\n");
  }
}

/** A frame's payload begins at `at`; its length stands before it. */
function isOneByte(bytes: Buffer, at: number): boolean {
  return bytes[at - 1] === 1 && bytes[at - 2] === 0x81;
}

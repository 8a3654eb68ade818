/**
 * A WebSocket client on a bare TCP socket, which uses less CPU than a library. `ClientPool` opens one for each user of a workload.
 * The client counts text frames, answers pings and closes, and reads no payload; `onText` may.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { CLOSE_FRAME, clientFrame, FrameReader, OPCODE, textFrame } from "./frames.ts";
import type { Dialect, ClientInfo } from "./dialect.ts";

/** The buffer into which all connections read. Each read is processed before the next one. */
const shared = Buffer.allocUnsafe(256 * 1024);
const END_OF_HEADERS = Buffer.from("\r\n\r\n");

export interface ConnectionOptions {
  readonly dialect: Dialect;
  readonly port: number;
  readonly host: string;
  readonly localAddress: string;
  readonly isCompressed: boolean;
  readonly info: ClientInfo;
  /** The headers of the upgrade of a signed-in user. @default none */
  readonly cookie: { readonly value: string; readonly origin: string } | undefined;
  readonly onReady: (connection: Connection) => void;
  /** @param reason the code of the close frame, or the status of a rejected handshake */
  readonly onEnd: (connection: Connection, reason: string) => void;
}

/** One WebSocket client. */
export class Connection {
  readonly info: ClientInfo;
  /** The number of the last send, for dialects with numbered sends. */
  seq = 0;
  isReady = false;
  /** Called after a read that completed text frames. */
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
    this.info = options.info;
    this.#frames = new FrameReader({
      onText: (bytes, at, available) => {
        if (options.dialect.heartbeatReply !== undefined && isOneByte(bytes, at))
          this.send(options.dialect.heartbeatReply);
        this.onText?.(bytes, at, available);
      },
      onControl: (opcode, payload) => {
        this.#control(opcode, payload);
      },
    });
    this.#socket = connect({
      port: options.port,
      host: options.host,
      localAddress: options.localAddress,
      noDelay: true,
      onread: { buffer: shared, callback: (length) => this.#read(length) },
    });
    this.#socket.once("connect", () => this.#socket.write(this.#upgradeRequest()));
    this.#socket.on("error", () => this.#end());
    this.#socket.on("close", () => this.#end());
  }

  /** The number of received text frames. */
  get texts(): number {
    return this.#frames.texts;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  send(text: string): void {
    this.write(textFrame(text));
  }

  /** Writes encoded frames. */
  write(frames: Buffer): void {
    if (!this.#isEnded) this.#socket.write(frames);
  }

  /** Stops reading, as a suspended process does. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends a close frame and ends the connection. */
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
    for (const text of this.#options.dialect.firstMessages(this.info)) this.send(text);
    const rest = Buffer.from(bytes.subarray(end + END_OF_HEADERS.length));
    if (rest.length > 0) this.#readFrames(rest, rest.length);
  }

  #readFrames(bytes: Buffer, length: number): void {
    const before = this.#frames.texts;
    this.#frames.read(bytes, length);
    const count = this.#frames.texts - before;
    if (count === 0) return;
    if (!this.isReady && this.#frames.texts >= this.#options.dialect.framesUntilReady(this.info)) {
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
    const { dialect, info, isCompressed, cookie } = this.#options;
    const { path, headers } = dialect.upgradeTarget(info);
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

/** @param at the offset of the payload of a frame, directly after its length */
function isOneByte(bytes: Buffer, at: number): boolean {
  return bytes[at - 1] === 1 && bytes[at - 2] === 0x81;
}

// Reads what the server sends to one of the fuzzer's TCP connections: its handshake, then its frames.
// The attacker waits here for the answer to its pings; a server that answers none within 20 s hangs.
// Only the last 100,000 characters are kept.
import type { Socket } from "node:net";
import { decodeFrame, OPCODE } from "../support/websocket-frames.ts";
import type { DecodedFrame } from "../support/websocket-frames.ts";

const MAX_KEPT_CHARS = 100_000;

/** How long the answer to a ping, or the close, may take. */
const PONG_TIMEOUT_MS = 20_000;

export class ServerResponses {
  readonly #socket: Socket;
  #data: Buffer = Buffer.alloc(0);
  #head: string | undefined;
  #pongs = new Set<string>();
  #wake = (): void => undefined;
  /** Whether the server has sent a close frame or the connection has ended. */
  isOver = false;
  #text = "";

  constructor(socket: Socket) {
    this.#socket = socket;
    const end = (): void => {
      this.isOver = true;
      this.#wake();
    };
    socket.on("error", () => socket.destroy());
    socket.on("end", end).on("close", end);
    socket.on("data", (chunk) => {
      this.#data = Buffer.concat([this.#data, chunk]);
      this.#read();
      this.#wake();
    });
  }

  /** The status of the answer to the upgrade; 0 when the connection ended without one. */
  async status(): Promise<number> {
    await this.#until(() => this.#head !== undefined);
    return Number(this.#head?.split(" ")[1] ?? 0);
  }

  /**
   * Waits until the ping with this payload is answered or the connection is over.
   *
   * @returns the text received since the last call
   */
  async pong(payload: string): Promise<string> {
    await this.#until(() => this.#pongs.delete(payload));
    const text = this.#text;
    this.#text = "";
    return text;
  }

  async #until(isEnough: () => boolean): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`The server answers no ping; it sent ${this.#text.slice(-500)}`));
    }, PONG_TIMEOUT_MS);
    try {
      while (!this.isOver && !isEnough()) {
        const changed = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await Promise.race([changed, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #read(): void {
    if (this.#head === undefined) {
      const end = this.#data.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.#head = this.#data.toString("latin1", 0, end);
      this.#data = this.#data.subarray(end + 4);
    }
    for (let frame = decodeFrame(this.#data); frame; frame = decodeFrame(this.#data)) {
      this.#data = this.#data.subarray(frame.size);
      this.#receive(frame);
    }
  }

  #receive({ opcode, payload }: DecodedFrame): void {
    if (opcode === OPCODE.close) {
      this.isOver = true;
      this.#socket.destroy();
    } else if (opcode === OPCODE.pong) this.#pongs.add(payload.toString());
    else this.#text = (this.#text + payload.toString()).slice(-MAX_KEPT_CHARS);
  }
}

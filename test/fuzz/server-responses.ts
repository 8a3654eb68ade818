import type { Socket } from "node:net";

const CLOSE = 8;
const PONG = 10;
const KEPT = 100_000;

/** How long an open connection may take to answer. The answer or the close always comes; this finds a hang. */
const PATIENCE_MS = 20_000;

/** What a server says on a bare TCP connection: its handshake first, then frames, told apart by their headers alone. */
export class ServerVoice {
  readonly #socket: Socket;
  #data: Buffer = Buffer.alloc(0);
  #head: string | undefined;
  #pongs = new Set<string>();
  #wake = (): void => undefined;
  /** Nothing more comes: a close frame, or the end of the connection. */
  isOver = false;
  /** The latest of what was said. */
  text = "";

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

  /** The status with which the upgrade was answered; 0 when it was not. */
  async status(): Promise<number> {
    await this.#until(() => this.#head !== undefined);
    return Number(this.#head?.split(" ")[1] ?? 0);
  }

  /** @returns what was said since the last call, once the ping with this payload is answered or the connection over */
  async pong(payload: string): Promise<string> {
    await this.#until(() => this.#pongs.delete(payload));
    const { text } = this;
    this.text = "";
    return text;
  }

  async #until(isEnough: () => boolean): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`The server answers no ping; it said ${this.text.slice(-500)}`));
    }, PATIENCE_MS);
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
    for (let next = this.#frame(); next !== undefined; next = this.#frame())
      this.#hear(next.opcode, next.payload);
  }

  #hear(opcode: number, payload: Buffer): void {
    if (opcode === CLOSE) {
      this.isOver = true;
      this.#socket.destroy();
    } else if (opcode === PONG) this.#pongs.add(payload.toString());
    else this.text = (this.text + payload.toString()).slice(-KEPT);
  }

  #frame(): { readonly opcode: number; readonly payload: Buffer } | undefined {
    const data = this.#data;
    if (data.length < 2) return undefined;
    const short = data.readUInt8(1);
    const start = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (data.length < start) return undefined;
    const length =
      short === 127 ? Number(data.readBigUInt64BE(2)) : short === 126 ? data.readUInt16BE(2) : short;
    if (data.length < start + length) return undefined;
    this.#data = data.subarray(start + length);
    return { opcode: data.readUInt8(0) & 15, payload: data.subarray(start, start + length) };
  }
}

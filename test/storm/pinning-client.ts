// A client of a user who fills the memory of the server: the client joins rooms, sends 64 KiB messages into them as fast as
// the server answers, and stores no frame that it receives.
// Written from PROTOCOL.md alone, on a bare WebSocket: a test client would keep every frame.
import { WebSocket } from "ws";
import { Page } from "../support/v1-client.ts";
import { connectOptions } from "./connect-options.ts";

/** The largest round content whose frame is within `limits.messageBytes`. */
const CONTENT = "x".repeat(65_000);
/** The most sends without an answer. */
const WINDOW = 32;
const RETRY_MS = 200;

export class PinningClient {
  readonly #port: number;
  readonly #rooms: readonly string[];
  /** Each connection has a new page, so that no unanswered send is repeated. */
  #page = new Page();
  readonly #timer: NodeJS.Timeout | undefined;
  #socket: WebSocket | undefined;
  #isStopped = false;
  #unanswered = 0;
  /** The number of sends that the server has stored. */
  stored = 0;

  constructor(port: number, rooms: readonly string[], reconnectMs: number | undefined) {
    this.#port = port;
    this.#rooms = rooms;
    this.#connect();
    if (reconnectMs !== undefined) this.#timer = setInterval(() => this.#socket?.terminate(), reconnectMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#isStopped) return;
    this.#page = new Page();
    const options = connectOptions(this.#port, "pinning");
    const url = new URL(options.url);
    url.searchParams.set("c", this.#page.clientId);
    url.searchParams.set("a", String(++this.#page.attempt));
    const { headers } = options;
    const socket = new WebSocket(url, ["halyard.v1"], { headers, perMessageDeflate: false });
    this.#socket = socket;
    this.#unanswered = 0;
    socket.on("error", () => undefined);
    socket.on("open", () => {
      this.#hello(socket);
    });
    socket.on("message", (data: Buffer) => {
      this.#receive(socket, data);
    });
    socket.on("close", () =>
      setTimeout(() => {
        this.#connect();
      }, RETRY_MS),
    );
  }

  #hello(socket: WebSocket): void {
    const { clientId, attempt } = this.#page;
    const hello = { type: "hello", clientId, attempt, positions: [], rooms: this.#rooms, $: { id: "h" } };
    socket.send(JSON.stringify(hello));
  }

  #receive(socket: WebSocket, data: Buffer): void {
    // A message of a room, which is too long to be a reply.
    if (data.length > 10_000) return;
    const text = data.toString();
    if (text.includes('"type":"welcome"')) this.#fill(socket);
    else if (/"re":\d/.test(text)) {
      this.#unanswered--;
      if (text.includes('"type":"reply"')) this.stored++;
      this.#fill(socket);
    }
  }

  #fill(socket: WebSocket): void {
    while (this.#unanswered < WINDOW && socket.readyState === WebSocket.OPEN) {
      const seq = ++this.#page.seq;
      const ch = `room:${String(this.#rooms[seq % this.#rooms.length])}`;
      socket.send(JSON.stringify({ type: "chat_message", content: CONTENT, $: { seq, ch } }));
      this.#unanswered++;
    }
  }
}

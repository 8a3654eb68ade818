// One connection of a user who fills the server's memory: it joins rooms and sends 64 KiB messages into them, as many as are
// taken, and reads what comes back without keeping it.
// Written from PROTOCOL.md alone, on a bare WebSocket: a test client would keep every frame.
import { WebSocket } from "ws";
import { ORIGIN } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";

/** Fits into `limits.messageBytes` with its envelope. */
const CONTENT = "x".repeat(65_000);
/** So many sends may be unanswered. */
const WINDOW = 32;
const RETRY_MS = 200;

export class PinningClient {
  readonly #port: number;
  readonly #rooms: readonly string[];
  readonly #page = new Page();
  readonly #timer: NodeJS.Timeout | undefined;
  #socket: WebSocket | undefined;
  #isStopped = false;
  #unanswered = 0;
  sent = 0;

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
    const url = new URL(`ws://127.0.0.1:${String(this.#port)}/ws`);
    url.searchParams.set("c", this.#page.clientId);
    url.searchParams.set("a", String(++this.#page.attempt));
    const headers = { cookie: "session=pinning", origin: ORIGIN };
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
    // A message that comes back.
    if (data.length > 10_000) return;
    const text = data.toString();
    if (text.includes('"type":"welcome"')) this.#fill(socket);
    else if (/"re":\d/.test(text)) {
      this.#unanswered--;
      if (text.includes('"type":"reply"')) this.sent++;
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

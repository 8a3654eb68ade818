import type { Frame } from "@halyard/protocol/wire";

type Listener = (event: never) => void;

/** A WebSocket whose other end is played by the test. */
export class FakeSocket {
  static readonly CLOSING = 2;
  static all: FakeSocket[] = [];

  /** The socket that was made last. */
  static get latest(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (!socket) throw new Error("there is no socket yet");
    return socket;
  }

  /** An error for the constructor to throw. */
  static constructorError: Error | undefined;

  readonly url: URL;
  readonly protocols: string[];
  readonly #listeners = new Map<string, Set<Listener>>();
  readyState = 0;
  binaryType = "blob";
  texts: string[] = [];
  closed: { code: number | undefined; reason: string | undefined } | undefined;

  constructor(url: string, protocols: string[]) {
    if (FakeSocket.constructorError) throw FakeSocket.constructorError;
    this.url = new URL(url);
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  send(text: string): void {
    if (this.readyState === 0) throw new Error("InvalidStateError");
    if (this.readyState === 1) this.texts.push(text);
  }

  /** The client closes the socket. No close event follows, unless the test calls `drop`. */
  close(code?: number, reason?: string): void {
    this.closed ??= { code, reason };
    if (this.readyState < 2) this.readyState = 2;
  }

  /** The frames that the client has sent: all of them, or those of one type. */
  sent(type?: string): Frame[] {
    const frames = this.texts.map((text) => JSON.parse(text) as Frame);
    return type === undefined ? frames : frames.filter((frame) => frame.type === type);
  }

  accept(): void {
    this.readyState = 1;
    this.#emit("open", {});
  }

  receive(...frames: (object | string)[]): void {
    for (const frame of frames) {
      this.#emit("message", { data: typeof frame === "string" ? frame : JSON.stringify(frame) });
    }
  }

  receiveData(data: unknown): void {
    this.#emit("message", { data });
  }

  /** The server or the network closes the connection. */
  drop(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.#emit("close", { code, reason });
  }

  /** Emits an error event, as every WebSocket does before an abnormal close. */
  fail(message = ""): void {
    this.#emit("error", { message });
  }

  #emit(type: string, event: object): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event as never);
  }
}

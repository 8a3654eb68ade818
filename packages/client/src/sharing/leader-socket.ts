// The leader's socket: opens it under the client id that the tabs share, so that each next leader continues the connection of
// the one before, and the server closes that of a leader that sleeps.
import { SUBPROTOCOL, TICKET_PREFIX, messageIdOf } from "@halyard/protocol/wire";
import type { SharingParts } from "./sharing-parts.ts";
import type { SharedClient } from "./tab-messages.ts";

/** How long a leader without an earlier connection waits for a tab that knows one. */
const KNOWN_MS = 50;

export interface SocketCallbacks {
  onOpen(): void;
  onText(text: string): void;
  onClose(code: number, reason: string): void;
}

export interface LeaderSocketCallbacks extends SocketCallbacks {
  /** The address or the ticket failed. */
  onFailure(): void;
}

export class LeaderSocket {
  readonly #parts: SharingParts;
  readonly #nextUrl: () => string;
  readonly #callbacks: LeaderSocketCallbacks;
  #client: SharedClient | undefined;
  #socket: WebSocket | undefined;
  /** The attempt that runs, until its socket is closed. */
  #attempt: object | undefined;

  constructor(parts: SharingParts, nextUrl: () => string, callbacks: LeaderSocketCallbacks) {
    this.#parts = parts;
    this.#nextUrl = nextUrl;
    this.#callbacks = callbacks;
  }

  /** The connection that this one continues. */
  get client(): SharedClient {
    return (this.#client ??= newClient());
  }

  /** A tab knows a later connection. A socket keeps the client that it was opened for. */
  learn(client: SharedClient | undefined): void {
    if (client && !this.#socket && client.attempt > (this.#client?.attempt ?? 0)) this.#client = client;
  }

  /** The server does not know what the tabs have sent before. */
  forget(): void {
    const { clientId, attempt } = this.client;
    this.#client = { clientId, attempt, memory: `${clientId}.${String(attempt)}` };
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === 1;
  }

  write(text: string): void {
    if (this.isOpen) this.#socket?.send(text);
  }

  /** No event of the socket follows. */
  close(code: number): void {
    this.#socket?.close(code);
    this.#socket = this.#attempt = undefined;
  }

  /** Does nothing while an attempt runs. */
  async open(): Promise<void> {
    if (this.#attempt) return;
    const { clock, options, WebSocket } = this.#parts;
    const attempt = (this.#attempt = {});
    try {
      if (!this.#client) await new Promise<void>((resolve) => void clock.setTimeout(resolve, KNOWN_MS));
      const ticket = await options.ticket?.();
      if (this.#attempt !== attempt) return;
      const { clientId, attempt: last, memory } = this.client;
      this.#client = { clientId, attempt: last + 1, memory };
      const url = this.#nextUrl().replace(/c=[^&]*&a=\d+/, `c=${clientId}&a=${String(last + 1)}`);
      this.#listen(new WebSocket(url, [SUBPROTOCOL, ...(ticket ? [TICKET_PREFIX + ticket] : [])]));
    } catch {
      if (this.#attempt === attempt) this.#callbacks.onFailure();
    }
  }

  #listen(socket: WebSocket): void {
    this.#socket = socket;
    listenTo(socket, this.#callbacks, () => this.#socket === socket);
  }
}

/** Hands on the events of a socket of the platform. */
export function listenTo(socket: WebSocket, callbacks: SocketCallbacks, isCurrent = () => true): void {
  const on = <TName extends "open" | "message" | "close">(
    name: TName,
    listener: (event: WebSocketEventMap[TName]) => void,
  ): void => {
    socket.addEventListener(name, (event) => {
      if (isCurrent()) listener(event);
    });
  };
  on("open", () => callbacks.onOpen());
  on("message", ({ data }) => callbacks.onText(String(data)));
  on("close", ({ code, reason }) => callbacks.onClose(code, reason));
}

/** 128 random bits as text. */
export function randomId(): string {
  return messageIdOf(crypto.getRandomValues(new Uint8Array(16)).join(), 0);
}

function newClient(): SharedClient {
  const clientId = randomId();
  return { clientId, attempt: 0, memory: clientId };
}

// A WebSocket connection in memory: the client's socket, the server's socket, and the two directions between them.
// The client of a test network opens one for each attempt; the server's socket goes to the manager.
// Guarantee: frames keep their order, and the code and reason of a close reach the other end, as on a network.
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { WebSocketData, WebSocketInstance } from "@halyard/server";
import { OrderedDelivery } from "./ordered-delivery.ts";
import type { Traffic } from "./traffic.ts";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

type ReadyState = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;

/** Close event codes that never appear in a close frame: the frame had no code, or there was no frame. */
const NO_STATUS = 1005;
const ABNORMAL = 1006;

/** What a link needs from its network, and the callbacks with which the network observes it. */
export interface LinkObserver {
  readonly traffic: Traffic;
  /** Runs a callback in a later turn of the event loop, because a frame never arrives within the call that sent it. */
  readonly queueTurn: (callback: () => void) => void;
  /** The server-side data of the connection: its user. */
  readonly data: WebSocketData;
  /** The calls that a server's runtime makes to the manager. */
  readonly server: {
    open(ws: WebSocketInstance): void;
    message(ws: WebSocketInstance, text: string): void;
    close(ws: WebSocketInstance, code: number): void;
  };
  /** The client has opened a new socket. */
  readonly connected: (link: Link) => void;
  /** The client sends a frame. */
  readonly sent: (link: Link, text: string) => void;
  /** A frame reaches the client, whose listeners have not run yet. */
  readonly received: (link: Link, text: string) => void;
  /** The client's end has closed. */
  readonly closed: (link: Link, code: number, reason: string) => void;
}

/** A WebSocket connection in memory: both of its ends, and the two directions between them. */
export class Link {
  readonly client: MemorySocket;
  readonly server: ServerSocket;
  readonly #observer: LinkObserver;
  readonly #up: OrderedDelivery;
  readonly #down: OrderedDelivery;

  constructor(observer: LinkObserver, client: MemorySocket) {
    this.#observer = observer;
    this.client = client;
    this.server = new ServerSocket(this, observer.data);
    this.#up = new OrderedDelivery(observer.traffic, observer.queueTurn);
    this.#down = new OrderedDelivery(observer.traffic, observer.queueTurn);
    observer.connected(this);
    this.#up.push(() => {
      this.server.readyState = OPEN;
      this.#down.push(() => this.#clientOpened());
      observer.server.open(this.server);
    });
  }

  /** Breaks the connection without a close frame. Frames on their way are lost, and each end sees 1006. */
  cut(): void {
    const wasOpened = this.server.readyState !== CONNECTING;
    this.#up.cut(() => {
      if (wasOpened) this.#serverClosed(ABNORMAL);
    });
    this.#down.cut(() => this.#clientClosed(ABNORMAL, ""));
  }

  sendUp(text: string): void {
    this.#observer.sent(this, text);
    this.#up.push(() => {
      if (this.server.readyState !== CLOSED) this.#observer.server.message(this.server, text);
    });
  }

  sendDown(text: string): void {
    this.#down.push(() => {
      if (this.client.readyState !== OPEN) return;
      this.#observer.received(this, text);
      this.client.dispatchEvent(Object.assign(new Event("message"), { data: text }));
    });
  }

  closeUp(code = NO_STATUS, reason = ""): void {
    this.#up.push(() => {
      const isAnswer = this.server.readyState !== OPEN;
      this.#serverClosed(code);
      if (!isAnswer) this.#down.push(() => this.#clientClosed(code, reason));
    });
  }

  closeDown(code = NO_STATUS, reason = ""): void {
    this.#down.push(() => {
      this.#clientClosed(code, reason);
      this.#up.push(() => this.#serverClosed(code));
    });
  }

  #clientOpened(): void {
    if (this.client.readyState !== CONNECTING) return;
    this.client.readyState = OPEN;
    this.client.dispatchEvent(new Event("open"));
  }

  #clientClosed(code: number, reason: string): void {
    if (this.client.readyState === CLOSED) return;
    this.client.readyState = CLOSED;
    this.#observer.closed(this, code, reason);
    this.client.dispatchEvent(
      Object.assign(new Event("close"), { code, reason, wasClean: code !== ABNORMAL }),
    );
  }

  #serverClosed(code: number): void {
    if (this.server.readyState === CLOSED) return;
    this.server.readyState = CLOSED;
    this.#observer.server.close(this.server, code);
  }
}

/** The client's end: the part of the platform's `WebSocket` that the client uses. */
export class MemorySocket extends EventTarget {
  binaryType = "blob";
  readonly extensions = "";
  readonly protocol = SUBPROTOCOL;
  readonly bufferedAmount = 0;
  readyState: ReadyState = CONNECTING;
  readonly url: string;
  readonly #link: Link;

  constructor(observer: LinkObserver, url: string) {
    super();
    this.url = url;
    this.#link = new Link(observer, this);
  }

  send(text: string): void {
    if (this.readyState === CONNECTING) throw new DOMException("Still connecting", "InvalidStateError");
    if (this.readyState === OPEN) this.#link.sendUp(text);
  }

  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
      throw new DOMException(`A client cannot close with ${code}`, "InvalidAccessError");
    checkReason(reason);
    const { readyState } = this;
    if (readyState >= CLOSING) return;
    this.readyState = CLOSING;
    if (readyState === OPEN) this.#link.closeUp(code, reason);
    else this.#link.cut();
  }
}

/** The server's end, which the manager receives. */
class ServerSocket implements WebSocketInstance<WebSocketData> {
  readonly data: WebSocketData;
  readonly bufferedAmount = 0;
  readyState: ReadyState = CONNECTING;
  readonly #link: Link;

  constructor(link: Link, data: WebSocketData) {
    this.#link = link;
    this.data = data;
  }

  send(text: string): void {
    if (this.readyState === OPEN) this.#link.sendDown(text);
  }

  close(code?: number, reason?: string): void {
    const isPermitted =
      code === undefined ||
      (code >= 1000 && code <= 1014 && !isReserved(code)) ||
      (code >= 3000 && code <= 4999);
    if (!isPermitted) throw new TypeError(`A server cannot close with ${code}`);
    checkReason(reason);
    if (this.readyState >= CLOSING) return;
    this.readyState = CLOSING;
    this.#link.closeDown(code, reason);
  }
}

const isReserved = (code: number): boolean => code >= 1004 && code <= 1006;

function checkReason(reason = ""): void {
  if (new TextEncoder().encode(reason).length > 123)
    throw new SyntaxError("A close reason has at most 123 bytes");
}

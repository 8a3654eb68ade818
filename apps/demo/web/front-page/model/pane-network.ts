// The network of one pane: sockets of the browser, with the faults that buttons of the page cause.
// The client gets `WebSocket` and `events` of it as options.
import type { PageEvents, WebSocketConstructor } from "@halyard/client";
import type { FrameDirection } from "./frame-log.ts";

export interface NetworkObserver {
  onAttempt(): void;
  onFrame(direction: FrameDirection, text: string): void;
}

/** The close code that a browser reports for a broken connection. */
const ABNORMAL_CLOSE = 1006;
/** The close code that the server gets for a pulled plug. With 1000 and 1005, the user would go offline at once. */
const PULLED = 3999;
const REFUSED_AFTER_MS = 30;

/** A network that works until a button causes a fault. */
export class PaneNetwork {
  /** The class of the sockets that the client opens. */
  readonly WebSocket: WebSocketConstructor;
  /** The target of the event with which the browser reports a network, and of the events of the page. */
  readonly events: PageEvents;
  readonly observer: NetworkObserver;
  isPlugged = true;
  /** Whether each message that the client sends is written twice. */
  isDoubling = false;
  /** The number of frames that were written twice. */
  doubledFrames = 0;
  readonly sockets = new Set<PaneSocket>();
  readonly #target = new EventTarget();

  constructor(observer: NetworkObserver) {
    this.observer = observer;
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the constructor below has a `this` of its own
    const network = this;
    this.WebSocket = class extends PaneSocket {
      constructor(url: string, protocols: string[]) {
        super(network, url, protocols);
      }
    };
    this.events = {
      addEventListener: (...event) => this.#forEachSource((source) => source.addEventListener(...event)),
      removeEventListener: (...event) =>
        this.#forEachSource((source) => source.removeEventListener(...event)),
    };
  }

  /** Breaks the connection; no attempt succeeds until {@link plugIn}. */
  unplug(): void {
    this.isPlugged = false;
    this.cut();
  }

  plugIn(): void {
    this.isPlugged = true;
  }

  /** Breaks the connection; the next attempt may succeed. */
  cut(): void {
    for (const socket of this.sockets) socket.breakOff();
  }

  /** Makes the open connection silent in both directions, without a close. The frames of both sides are lost. */
  freeze(): void {
    for (const socket of this.sockets) socket.isFrozen = true;
  }

  /** Reports that the browser has a network again. A silent connection stays silent. */
  announceNetwork(): void {
    this.#target.dispatchEvent(new Event("online"));
  }

  #forEachSource(use: (source: EventTarget) => void): void {
    use(globalThis);
    use(this.#target);
  }
}

/** A socket of the browser on a network with faults. */
class PaneSocket extends EventTarget {
  isFrozen = false;
  readonly #network: PaneNetwork;
  readonly #socket: WebSocket | undefined;
  #isOver = false;

  constructor(network: PaneNetwork, url: string, protocols: string[]) {
    super();
    this.#network = network;
    network.sockets.add(this);
    network.observer.onAttempt();
    if (!network.isPlugged) {
      setTimeout(() => this.#end(ABNORMAL_CLOSE, ""), REFUSED_AFTER_MS);
      return;
    }
    this.#socket = new WebSocket(url, protocols);
    this.#socket.addEventListener("open", () => this.#pass(new Event("open")));
    this.#socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      if (!this.isFrozen && !this.#isOver) network.observer.onFrame("received", data);
      this.#pass(new MessageEvent("message", { data }));
    });
    this.#socket.addEventListener("close", ({ code, reason }) => this.#end(code, reason));
  }

  get readyState(): number {
    if (this.#isOver) return WebSocket.CLOSED;
    return this.#socket?.readyState ?? WebSocket.CONNECTING;
  }

  send(text: string): void {
    if (this.isFrozen) return;
    const isDoubled = this.#network.isDoubling && isSend(text);
    if (isDoubled) this.#network.doubledFrames++;
    for (const copy of isDoubled ? [text, text] : [text]) {
      this.#network.observer.onFrame("sent", copy);
      this.#socket?.send(copy);
    }
  }

  close(code?: number, reason?: string): void {
    // A frozen socket is closed only for the client. The server gets no close, and detects the silence later.
    if (!this.isFrozen) this.#socket?.close(code, reason);
    this.#end(code ?? 1005, reason ?? "");
  }

  /** Ends the connection. The client gets the same close code as from a broken network. */
  breakOff(): void {
    if (!this.isFrozen) this.#socket?.close(PULLED, "the plug was pulled");
    this.#end(ABNORMAL_CLOSE, "");
  }

  #pass(event: Event): void {
    if (!this.isFrozen && !this.#isOver) this.dispatchEvent(event);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#network.sockets.delete(this);
    this.dispatchEvent(new CloseEvent("close", { code, reason }));
  }
}

/** Whether a frame is a message, whose number lets the server detect a repetition. Requests have no number and are not repeated. */
function isSend(text: string): boolean {
  return /"seq":\d+/.test(text);
}

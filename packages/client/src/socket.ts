import type { WebSocketConstructor } from "./options.js";

interface SocketEvents {
  readonly open: (event: object) => void;
  readonly message: (event: { readonly data: unknown }) => void;
  /** `message` is what `ws` adds: the only place where a refused handshake tells its status. */
  readonly error: (event: { readonly message?: unknown }) => void;
  readonly close: (event: { readonly code: number; readonly reason: string }) => void;
}

/** What all WebSockets have in common, as far as it is used. */
export interface Socket {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener<TName extends keyof SocketEvents>(type: TName, listener: SocketEvents[TName]): void;
}

/**
 * Opens a socket and listens. The listeners stay: a socket of `ws` whose errors nobody hears ends the process.
 *
 * @returns undefined when the platform refuses the address or the protocols
 */
export function openSocket(
  Constructor: WebSocketConstructor,
  { url, protocols }: { readonly url: string; readonly protocols: string[] },
  events: SocketEvents,
): Socket | undefined {
  try {
    const socket = new Constructor(url, protocols) as Socket;
    socket.addEventListener("open", events.open);
    socket.addEventListener("message", events.message);
    socket.addEventListener("error", events.error);
    socket.addEventListener("close", events.close);
    return socket;
  } catch {
    return undefined;
  }
}

/** What reconnecting-websocket takes for a WebSocket class: it makes what `open` gives, or something that is closed. */
export function socketClass(open: (url: string) => Socket | undefined) {
  return class {
    static readonly CLOSING = 2;
    readonly readyState = 3;

    constructor(url: string) {
      const socket = open(url);
      if (socket) return socket as never;
    }

    addEventListener(): void {}

    removeEventListener(): void {}
  };
}

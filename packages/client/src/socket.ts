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

/** What reconnecting-websocket takes for a WebSocket class: it makes what `open` gives, or something that is closed. */
export function socketClass(open: () => Socket | undefined) {
  return class {
    static readonly CLOSING = 2;
    readonly readyState = 3;

    constructor() {
      const socket = open();
      if (socket) return socket as never;
    }

    addEventListener(): void {}

    removeEventListener(): void {}
  };
}

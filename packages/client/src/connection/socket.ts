export interface SocketEvents {
  readonly open: object;
  readonly message: { readonly data: unknown };
  /** `message` exists on sockets of `ws` only, and holds the HTTP status of a rejected handshake. */
  readonly error: { readonly message?: unknown };
  readonly close: { readonly code: number; readonly reason: string };
}

/** The part of a WebSocket that the client uses: the platform's, and that of `ws`. */
export interface Socket {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener<TName extends keyof SocketEvents>(
    type: TName,
    listener: (event: SocketEvents[TName]) => void,
  ): void;
}

export interface SocketEvents {
  readonly open: object;
  readonly message: { readonly data: unknown };
  /** `message` is what `ws` adds: the only place where a refused handshake tells its status. */
  readonly error: { readonly message?: unknown };
  readonly close: { readonly code: number; readonly reason: string };
}

/** What all WebSockets have in common, as far as it is used. */
export interface Socket {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener<TName extends keyof SocketEvents>(
    type: TName,
    listener: (event: SocketEvents[TName]) => void,
  ): void;
}

/** What reconnecting-websocket gets where no socket could be made. */
export const NO_SOCKET = { addEventListener() {}, removeEventListener() {}, close() {} };

export interface SocketEvents {
  readonly open: object;
  readonly message: { readonly data: unknown };
  readonly error: object;
  readonly close: { readonly code: number; readonly reason: string };
}

/** An HTTP answer to a handshake, as Node's HTTP client represents it. */
interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
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
  /** Only in `ws`, which reveals the answer to a refused handshake. The listener has to end the handshake. */
  on?(type: "unexpected-response", listener: (request: unknown, response: HttpResponse) => void): void;
  /** Ends the TCP connection. Only in `ws` and Bun's own class. */
  terminate?(): void;
}

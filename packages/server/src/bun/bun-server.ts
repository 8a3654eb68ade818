import type { WebSocketData, WebSocketInstance } from "../types.ts";

/** The part of Bun's server that an upgrade needs. Declared here, so that these types load without Bun's. */
export interface BunServer {
  upgrade(
    request: Request,
    options: { readonly data: BunConnection; readonly headers?: Readonly<Record<string, string>> },
  ): boolean;
  requestIP?(request: Request): { readonly address: string } | null;
  publish?(topic: string, text: string): number;
  /** Undefined on a Unix socket. */
  readonly port?: number | undefined;
}

/** The `data` of a Bun socket. */
export interface BunConnection extends WebSocketData {
  readonly connectionId: string;
}

/** The handlers and limits of all sockets, the option `websocket` of `Bun.serve`. */
export interface BunHandlers {
  readonly data: BunConnection;
  readonly open: (ws: WebSocketInstance<BunConnection>) => void;
  readonly message: (ws: WebSocketInstance<BunConnection>, message: string | Uint8Array) => void;
  readonly drain: (ws: WebSocketInstance<BunConnection>) => void;
  readonly ping: (ws: WebSocketInstance<BunConnection>) => void;
  readonly pong: (ws: WebSocketInstance<BunConnection>) => void;
  readonly close: (ws: WebSocketInstance<BunConnection>, code: number, reason: string) => void;
  readonly sendPings: false;
  readonly idleTimeout: number;
  readonly maxPayloadLength: number;
  readonly backpressureLimit: number;
  readonly closeOnBackpressureLimit: false;
  readonly perMessageDeflate: false;
}

import type { Transport } from "../src/delivery/transport.ts";
import type { WebSocketData, WebSocketInstance } from "../src/types.ts";

/** A frame as a client reads it. */
export interface Heard {
  readonly type: string;
  readonly $?: {
    readonly id?: string;
    readonly ch?: string;
    readonly off?: number;
    readonly re?: number | string;
  };
  readonly [field: string]: unknown;
}

/** A WebSocket in memory: keeps what was sent, and how it was closed. */
export class FakeSocket implements WebSocketInstance<WebSocketData> {
  readonly data: WebSocketData;
  readyState = 1;
  /** The texts of all frames, in order. */
  readonly texts: string[] = [];
  /** How many writes reached it. */
  writes = 0;
  pings = 0;
  isTerminated = false;
  /** The peer has begun a message. */
  isReceiving = false;
  closedWith: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  /** Bytes that the peer has not taken. */
  bufferedAmount = 0;
  /** Thrown by everything that is done with it. */
  failure: Error | undefined;
  /** Hears each write, as the peer would. */
  onSend: ((text: string) => void) | undefined;

  constructor(data: WebSocketData) {
    this.data = data;
  }

  send(text: string): void {
    if (this.failure !== undefined) throw this.failure;
    this.texts.push(text);
    this.onSend?.(text);
  }

  close(code?: number, reason?: string): void {
    this.readyState = 3;
    this.closedWith ??= { code, reason };
    if (this.failure !== undefined) throw this.failure;
  }

  /** What it has heard, of one type or of any. */
  heard(type?: string): Heard[] {
    const all = this.texts.map((text) => JSON.parse(text) as Heard);
    return type === undefined ? all : all.filter((frame) => frame.type === type);
  }

  /** The types of what it has heard, in order. */
  get types(): string[] {
    return this.heard().map(({ type }) => type);
  }

  /** What it has heard since the last time it was asked. */
  take(): Heard[] {
    const heard = this.heard();
    this.texts.length = 0;
    return heard;
  }
}

/** A runtime that counts writes and pings, for sockets that were opened by an upgrade. */
export const fakeTransport: Transport = {
  write(ws, batch) {
    const socket = fake(ws);
    socket.writes++;
    for (const frame of batch.frames()) socket.send(frame.text);
    return true;
  },
  bufferedAmount: (ws) => fake(ws).bufferedAmount,
  isReceiving: (ws) => fake(ws).isReceiving,
  ping: (ws) => {
    fake(ws).pings++;
  },
  terminate: (ws) => {
    fake(ws).isTerminated = true;
  },
};

function fake(ws: WebSocketInstance): FakeSocket {
  if (!(ws instanceof FakeSocket)) throw new TypeError("not one of this runtime's sockets");
  return ws;
}

import type { Transport } from "../src/delivery/transport.ts";
import type { WebSocketData, WebSocketInstance } from "../src/types.ts";

/** A frame as a client receives it. */
export interface ReceivedFrame {
  readonly type: string;
  readonly $?: {
    readonly id?: string;
    readonly ch?: string;
    readonly off?: number;
    readonly re?: number | string;
  };
  readonly [field: string]: unknown;
}

/** A WebSocket in memory. It keeps the frames that were sent, and how it was closed. */
export class FakeSocket implements WebSocketInstance<WebSocketData> {
  readonly data: WebSocketData;
  readyState = 1;
  /** The texts of all frames, in order. */
  readonly texts: string[] = [];
  /** The number of writes of its transport. */
  writes = 0;
  pings = 0;
  isTerminated = false;
  /** The peer has sent a part of a message. */
  isReceiving = false;
  closedWith: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  /** Bytes that the peer has not read. */
  bufferedAmount = 0;
  /** Thrown by `send` and `close`. */
  failure: Error | undefined;
  /** Called with each frame, as the peer receives it. */
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

  /** The frames that it received, of one type or of all. */
  received(type?: string): ReceivedFrame[] {
    const all = this.texts.map((text) => JSON.parse(text) as ReceivedFrame);
    return type === undefined ? all : all.filter((frame) => frame.type === type);
  }

  /** The types of the frames that it received, in order. */
  get types(): string[] {
    return this.received().map(({ type }) => type);
  }

  /** The frames that it received since the last call. */
  take(): ReceivedFrame[] {
    const received = this.received();
    this.texts.length = 0;
    return received;
  }
}

/** A transport that counts writes and pings, for sockets that were opened by an upgrade. */
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
  if (!(ws instanceof FakeSocket)) throw new TypeError("not a fake socket");
  return ws;
}

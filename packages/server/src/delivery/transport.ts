import type { Batch } from "./outbound-frame.ts";
import type { WebSocketInstance } from "../types.ts";
import type { TopicBroadcaster } from "./topic-broadcaster.ts";

/**
 * How frames reach a socket of one runtime. One object for all sockets of the runtime: nothing of it is paid per
 * connection. Everything but `write` is optional, because a bare socket can no more than `send` and `close`.
 */
export interface Transport {
  /** @returns false when the socket threw something away, so that the connection must end */
  write(ws: WebSocketInstance, batch: Batch): boolean;
  /** Bytes that wait for the peer. */
  bufferedAmount(ws: WebSocketInstance): number;
  /** Sends a ping; only for sockets whose pongs reach `manager` again. */
  readonly ping?: ((ws: WebSocketInstance) => void) | undefined;
  /** Whether a message of the peer has begun and is not whole. Undefined where the runtime does not show it. */
  readonly isReceiving?: ((ws: WebSocketInstance) => boolean) | undefined;
  /** Ends the socket without a closing handshake. */
  readonly terminate?: ((ws: WebSocketInstance) => void) | undefined;
  /** Writes what many get, where the runtime can do that at once. */
  readonly groupBroadcast?: TopicBroadcaster | undefined;
}

export const OPEN = 1;

/** Any socket with `send`. */
export const basicTransport: Transport = {
  write(ws, batch) {
    for (const frame of batch.frames()) ws.send(frame.text);
    return true;
  },
  bufferedAmount: (ws) => (ws as { readonly bufferedAmount?: number }).bufferedAmount ?? 0,
};

interface CorkedSocket extends WebSocketInstance {
  cork(callback: () => void): void;
  getBufferedAmount(): number;
}

/** A socket that can cork: what is sent inside goes out in one system call. Bun's does. */
export const corkingTransport: Transport = {
  write(ws, batch) {
    let isSingleFrame = true;
    const frames = batch.frames();
    (ws as CorkedSocket).cork(() => {
      // 0 means that the runtime was over its limit and has thrown the message away.
      for (const { text } of frames) if (ws.send(text) === 0) isSingleFrame = false;
    });
    return isSingleFrame;
  },
  bufferedAmount: (ws) => (ws as CorkedSocket).getBufferedAmount(),
};

export function transportOf(ws: WebSocketInstance): Transport {
  return "cork" in ws && "getBufferedAmount" in ws ? corkingTransport : basicTransport;
}

import type { WebSocketInstance } from "../types.ts";
import type { Transport } from "./transport.ts";

/** The transport for any socket with `send`. */
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

/** The transport for a socket with `cork`, like Bun's: all frames of a batch go out in one system call. */
export const corkingTransport: Transport = {
  write(ws, batch) {
    let isComplete = true;
    const frames = batch.frames();
    (ws as CorkedSocket).cork(() => {
      // 0 means that the runtime dropped the message because its limit was reached.
      for (const { text } of frames) if (ws.send(text) === 0) isComplete = false;
    });
    return isComplete;
  },
  bufferedAmount: (ws) => (ws as CorkedSocket).getBufferedAmount(),
};

/** Chooses the transport for a socket that was passed to `handleOpen` without one. */
export function transportOf(ws: WebSocketInstance): Transport {
  return "cork" in ws && "getBufferedAmount" in ws ? corkingTransport : basicTransport;
}

import type { WebSocketInstance } from "../types.ts";
import type { Transport } from "./transport.ts";

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

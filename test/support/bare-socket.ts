// A socket without a runtime, for what no real socket can be made to do at a chosen moment: a full buffer, a send that throws.
// Handed to `manager.handleOpen`, as an application does that has an own server.
import type { WebSocketInstance } from "@halyard/server";
import type { Frame } from "./frame.ts";

type SocketData = Readonly<Record<string, unknown>> & { readonly userId: string };

/** Records what is sent and with which code it is closed. */
export class BareSocket implements WebSocketInstance<SocketData> {
  readonly data: SocketData;
  readyState = 1;
  /** The bytes that wait for the peer. */
  bufferedAmount = 0;
  readonly frames: Frame[] = [];
  /** The codes of all calls of `close`. */
  readonly codes: number[] = [];
  onClose: (() => void) | undefined = undefined;

  constructor(userId: string, data: object = {}) {
    this.data = { ...data, userId };
  }

  send(text: string): void {
    this.frames.push(JSON.parse(text) as Frame);
  }

  close(code = 1005): void {
    this.codes.push(code);
    this.readyState = 3;
    this.onClose?.();
  }

  /** The frames of this type. */
  all(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }
}

/** Lets every microtask and every immediate run that is due now. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

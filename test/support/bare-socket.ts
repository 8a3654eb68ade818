// A socket without a runtime, for events that a test cannot cause on a real socket at a chosen moment: a full buffer, a send that
// throws. Tests hand it to `manager.handleOpen`, as an application with its own server does.
import type { WebSocketInstance } from "@halyard/server";
import type { Frame } from "./frame.ts";

type SocketData = Readonly<Record<string, unknown>> & { readonly userId: string };

/** Records the frames that are sent, and the codes of its closes. */
export class BareSocket implements WebSocketInstance<SocketData> {
  readonly data: SocketData;
  readyState = 1;
  /** The bytes that the peer has not read. */
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

  /** The recorded frames of this type. */
  all(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }
}

/** Waits for some turns of the event loop, in which all due microtasks and immediates run. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

import type { Sending, WebSocketConstructor } from "@halyard/client";
import type { DeliveryEvent } from "./delivery-event.ts";
import { FrameLog } from "./frame-log.ts";

export interface DeliveryRecorderOptions {
  /** What the log calls the client. A page that was loaded anew is another one. */
  readonly client: string;
  /** Gets each event, at once. */
  readonly write: (event: DeliveryEvent) => void;
  /** What makes the sockets. @default globalThis.WebSocket */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/** Writes the log of one client's deliveries. */
export interface DeliveryRecorder {
  /** For the option of the same name of the client: sees every frame, just before the client does. */
  readonly WebSocket: WebSocketConstructor;
  /** Records a send, and its receipt when there is one. To be called right after the send. */
  track(
    sending: Sending,
    to?: { readonly room?: string | undefined; readonly echo?: boolean | undefined },
  ): void;
  /** Records that a room was left. To be called with its last `leave()`: of one without a connection no frame tells. */
  left(room: string): void;
  /** Records that the client is gone for good, or that the log ends while it is away. */
  close(): void;
}

/**
 * Records what `checkDelivery` needs, of one client: frames from its sockets, receipts from its sends. A message counts
 * by the `id` among its fields, as chat messages and announcements have one.
 *
 * @throws TypeError when there is no WebSocket in this environment and none in the options
 * @example
 * const recorder = createDeliveryRecorder({ client: "ada", write: (event) => checker.add(event) });
 * const client = createWebSocketClient({ url, WebSocket: recorder.WebSocket });
 * recorder.track(client.send("chat_message", { content: "hello" }));
 */
export function createDeliveryRecorder(options: DeliveryRecorderOptions): DeliveryRecorder {
  const { client, write } = options;
  const Base = (options.WebSocket ?? globalThis.WebSocket) as ListeningConstructor | undefined;
  if (!Base) throw new TypeError("There is no WebSocket here: pass one in the options");
  const log = new FrameLog(client, write);
  return {
    WebSocket: recordingClass(Base, log),
    track: (sending, { room, echo } = {}) => {
      const channel = room === undefined ? "all" : `room:${room}`;
      write({ type: "sent", client, channel, id: sending.id, ...(echo === undefined ? {} : { echo }) });
      void sending.then((receipt) => {
        const { id, status } = receipt;
        if (status !== "delivered") write({ type: "receipt", client, id, status });
        else write({ type: "receipt", client, id, status, channel: receipt.channel, offset: receipt.offset });
      });
    },
    left: (room) => log.left(room),
    close: () => write({ type: "closed", client }),
  };
}

type ListeningConstructor = new (...parameters: ConstructorParameters<WebSocketConstructor>) => {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
};

function recordingClass(Base: ListeningConstructor, log: FrameLog): WebSocketConstructor {
  return class extends Base {
    /** The client has given this socket up: what still comes on it does not count. */
    #isAbandoned = false;

    constructor(...parameters: ConstructorParameters<WebSocketConstructor>) {
      super(...parameters);
      this.addEventListener("message", ({ data }) => {
        if (!this.#isAbandoned && typeof data === "string") log.received(data);
      });
    }

    override send(data: string): void {
      log.sent(data);
      super.send(data);
    }

    override close(code?: number, reason?: string): void {
      this.#isAbandoned = true;
      super.close(code, reason);
    }
  };
}

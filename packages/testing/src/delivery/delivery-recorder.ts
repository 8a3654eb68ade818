// Records the deliveries of one client: frames from its sockets, receipts from its sends.
// Called by delivery tests, the soak and the storm, for each client.
// Guarantee: each event is written at once, and a frame before the client itself sees it.
import type { Sending, WebSocketConstructor } from "@halyard/client";
import type { DeliveryEvent } from "./delivery-event.ts";
import { FrameLog, roomChannel } from "./frame-log.ts";

/** The options of {@link createDeliveryRecorder}. */
export interface DeliveryRecorderOptions {
  /** The name of the client in the log. A page that was loaded again is another client. */
  readonly client: string;
  /** Called with each event, at once. */
  readonly write: (event: DeliveryEvent) => void;
  /** The class of the sockets. @default globalThis.WebSocket */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/** Writes the log of the deliveries of one client. */
export interface DeliveryRecorder {
  /** For the client's option of the same name. Sees every frame, just before the client does. */
  readonly WebSocket: WebSocketConstructor;
  /** Records a send, and its receipt when it comes. To be called right after the send. */
  track(
    sending: Sending<unknown, unknown>,
    to?: { readonly room?: string | undefined; readonly echo?: boolean | undefined },
  ): void;
  /** Records that a room was left. To be called with its last `leave()`: without a connection no frame shows it. */
  left(room: string): void;
  /** Records that the client has closed for good, or that the log ends while it is disconnected. */
  close(): void;
}

/**
 * Records what `checkDelivery` needs of one client: frames from its sockets, receipts from its sends. A message is
 * identified by the `id` among its fields; chat messages and announcements have one.
 *
 * @throws TypeError when neither the environment nor the options have a WebSocket
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
      const channel = room === undefined ? "all" : roomChannel(room);
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
    /** The client has closed this socket: frames that still arrive on it do not count. */
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

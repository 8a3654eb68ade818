// The frames that carry an id and wait for a reply: requests of the application, joins, leaves and authentications.
// Called by the client and its rooms to send, and with each reply and error frame.
// Each request settles: with its reply, an error, a timeout, or when the client is closed.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import { Timer } from "../common/timer.ts";
import type { FrameWriter } from "../connection/connection.ts";
import type { SendLimits } from "../connection/send-limits.ts";
import { encodeOutgoing } from "./encode-outgoing.ts";

/** The server runs 16 requests at a time and queues 64, unless its welcome says another number. Those above wait here. */
const MAX_REQUESTS = 80;
const TIMEOUT_MS = 10_000;

/** The options of `client.request`. */
export interface RequestOptions {
  /**
   * How long to wait for the reply, in milliseconds, also while there is no connection.
   *
   * @default `requestTimeoutMs` of the client
   */
  readonly timeoutMs?: number | undefined;
  /** Aborting rejects the request with the signal's reason. The server is not informed. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** The content of a reply or error frame. */
export type Reply = { readonly result: unknown } | { readonly error: HalyardError };

interface FrameOptions {
  readonly timeoutMs?: number | undefined;
  /**
   * Whether the request goes out again after a reconnect. Otherwise it settles with `unavailable` when disconnected.
   */
  readonly survivesReconnect?: boolean | undefined;
}

interface PendingRequest {
  readonly text: string;
  readonly bytes: number;
  readonly callback: (reply: Reply) => void;
  readonly survivesReconnect: boolean | undefined;
  readonly timer: Timer;
  /** On this connection. */
  isSent?: boolean;
  /** On any connection. */
  isWritten?: boolean;
}

export class PendingRequests {
  readonly #clock: Clock;
  readonly #connection: FrameWriter;
  readonly #timeoutMs: number;
  /** By id, in the order of sending. */
  readonly #pending = new Map<string, PendingRequest>();
  readonly #rateTimer: Timer;
  #lastId = 0;
  #isOpen = false;

  constructor(clock: Clock, connection: FrameWriter, timeoutMs = TIMEOUT_MS) {
    this.#clock = clock;
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#rateTimer = new Timer(clock);
  }

  /** What the server allows. */
  get limits(): SendLimits {
    return this.#connection.limits;
  }

  /** A request of the application. */
  request(name: string, input: unknown, { timeoutMs, signal }: RequestOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#connection.isEnded) throw new HalyardError("unavailable");
      const callback = (reply: Reply) => {
        signal?.removeEventListener("abort", abort);
        if ("result" in reply) resolve(reply.result);
        else reject(signal?.aborted ? (signal.reason as Error) : reply.error);
      };
      const abort = () => this.settle(id, { error: new HalyardError("timeout") });
      const options = { timeoutMs, survivesReconnect: true };
      const id = this.sendFrame({ type: "request", name, input }, callback, options);
      signal?.addEventListener("abort", abort);
    });
  }

  /** @returns the id of the frame */
  sendFrame(message: object, callback: (reply: Reply) => void, options: FrameOptions = {}): string {
    const { timeoutMs = this.#timeoutMs, survivesReconnect } = options;
    const id = `r${++this.#lastId}`;
    const { text, bytes, error } = encodeOutgoing(message, { id }, this.#connection.limits);
    const timer = new Timer(this.#clock);
    this.#pending.set(id, { text, bytes, callback, survivesReconnect, timer });
    timer.set(timeoutMs, () => this.settle(id, { error: new HalyardError("timeout") }));
    if (error) this.settle(id, { error });
    else this.#flush();
    return id;
  }

  /** Ignores an id that is not pending: its reply came too late. */
  settle(id: string, reply: Reply): void {
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    request?.timer.clear();
    request?.callback(reply);
    this.#flush();
  }

  rejectAll(error: HalyardError): void {
    for (const id of this.#pending.keys()) this.settle(id, { error });
  }

  /** The server has forgotten which requests it has run: a second run could be one too many. */
  forget(): void {
    for (const [id, { isWritten }] of this.#pending)
      if (isWritten) this.settle(id, { error: new HalyardError("unavailable") });
  }

  onOpen(): void {
    this.#isOpen = true;
    this.#flush();
  }

  onDisconnected(): void {
    this.#isOpen = false;
    this.#rateTimer.clear();
    for (const [id, request] of this.#pending) {
      request.isSent = false;
      if (!request.survivesReconnect) this.settle(id, { error: new HalyardError("unavailable") });
    }
  }

  /** Writes as many as the server allows, and sets the timer for the rest. */
  #flush(): void {
    if (!this.#isOpen) return;
    // A request that has timed out here may still run there: four fifths of what the server takes.
    const { requests = MAX_REQUESTS } = this.limits;
    const first = [...this.#pending.values()].slice(0, Math.ceil(requests * 0.8));
    for (const request of first.filter(({ isSent }) => !isSent)) {
      const waitMs = this.#connection.take(request.bytes);
      if (waitMs > 0) return this.#rateTimer.set(waitMs, () => this.#flush());
      request.isSent = request.isWritten = true;
      this.#connection.write(request.text);
    }
  }
}

// The frames with an id that wait for a reply: requests of the application, joins, leaves and authentications.
// Called by the client and its rooms to send, and for each reply and error frame.
// Each request settles with its reply, an error or a timeout, or when the client is closed.
import { traceCaller } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import { Timer } from "../common/timer.ts";
import type { FrameWriter } from "../connection/connection.ts";
import type { SendLimits } from "../connection/send-limits.ts";
import { encodeOutgoing } from "./encode-outgoing.ts";
import type { Destination } from "./outbox.ts";

const TIMEOUT_MS = 10_000;

/** The options of `client.request`. */
export interface RequestOptions {
  /**
   * How long to wait for the reply, in milliseconds, including the time without a connection.
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
  readonly channel?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /**
   * Whether the request goes out again after a reconnect. Otherwise it settles with `unavailable` when disconnected.
   */
  readonly survivesReconnect?: boolean | undefined;
  /** Whether the frame renews the session: it is written meanwhile. */
  readonly isRenewal?: boolean | undefined;
}

interface PendingRequest {
  readonly channel: string | undefined;
  readonly text: string;
  readonly bytes: number;
  readonly onReply: (reply: Reply) => void;
  readonly survivesReconnect: boolean | undefined;
  readonly isRenewal: boolean | undefined;
  readonly timer: Timer;
  /** Whether it was sent on this connection. */
  isSent?: boolean;
  /** Whether it was written on any connection. */
  isWritten?: boolean;
}

interface RequestParts {
  readonly clock: Clock;
  readonly connection: FrameWriter;
  /** While a room is being joined, requests in it wait; while the session is renewed, all wait. */
  readonly isHeld: (channel: string | undefined) => boolean;
  /** Called when requests may have been settled. */
  readonly onFlush: () => void;
}

export class PendingRequests {
  readonly #parts: RequestParts;
  readonly #timeoutMs: number;
  /** The pending requests by id, in the order of sending. */
  readonly #pending = new Map<string, PendingRequest>();
  readonly #rateTimer: Timer;
  lastId = 0;

  constructor(parts: RequestParts, timeoutMs = TIMEOUT_MS) {
    this.#parts = parts;
    this.#timeoutMs = timeoutMs;
    this.#rateTimer = new Timer(parts.clock);
  }

  /** The server's limits. */
  get limits(): SendLimits {
    return this.#parts.connection.limits;
  }

  /** Sends a request of the application. */
  async request(name: string, input: unknown, options: RequestOptions & Destination): Promise<unknown> {
    try {
      return await this.#ask(name, input, options);
    } catch (error) {
      throw traceCaller(error);
    }
  }

  #ask(
    name: string,
    input: unknown,
    { timeoutMs, signal, channel, refusal }: RequestOptions & Destination,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // React Native has neither `throwIfAborted` nor a reason.
      if (signal?.aborted) throw reasonOf(signal);
      if (refusal) throw refusal;
      if (this.#parts.connection.isEnded) throw new HalyardError("unavailable");
      const onReply = (reply: Reply) => {
        signal?.removeEventListener("abort", abort);
        if ("result" in reply) resolve(reply.result);
        else reject(reply.error);
      };
      const abort = () => this.settle(id, { error: reasonOf(signal) as HalyardError });
      const options = { channel, timeoutMs, survivesReconnect: true };
      const id = this.sendFrame({ type: "request", name, input }, onReply, options);
      signal?.addEventListener("abort", abort);
    });
  }

  /** @returns the id of the frame */
  sendFrame(message: object, onReply: (reply: Reply) => void, options: FrameOptions = {}): string {
    const { channel, timeoutMs = this.#timeoutMs, survivesReconnect, isRenewal } = options;
    const id = `r${++this.lastId}`;
    const { text, bytes, error } = encodeOutgoing(message, { id, ch: channel }, this.limits);
    const timer = new Timer(this.#parts.clock);
    this.#pending.set(id, { channel, text, bytes, onReply, survivesReconnect, isRenewal, timer });
    timer.set(timeoutMs, () => this.#expire(id));
    if (error) this.settle(id, { error });
    else this.flush();
    return id;
  }

  #expire(id: string): void {
    const message = this.#pending.get(id)?.isWritten
      ? undefined
      : "timeout: not sent, waited for the connection, room or rate";
    this.settle(id, { error: new HalyardError("timeout", message) });
  }

  /** Ignores an id that is not pending: its reply came too late. */
  settle(id: string, reply: Reply): void {
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    request?.timer.clear();
    request?.onReply(reply);
    this.flush();
    this.#parts.onFlush();
  }

  /** Whether a request in this channel has no reply. */
  isPending(channel: string): boolean {
    return [...this.#pending.values()].some((request) => request.channel === channel);
  }

  /** Settles each request up to a number. */
  settleAll(error: HalyardError, lastId = Infinity): void {
    for (const id of this.#pending.keys()) if (+id.slice(1) <= lastId) this.settle(id, { error });
  }

  /** Call when the server has forgotten which requests it has run: written ones are not sent again, because they could run twice. */
  forget(): void {
    for (const [id, { isWritten }] of this.#pending)
      if (isWritten) this.settle(id, { error: new HalyardError("unavailable") });
  }

  onDisconnected(): void {
    this.#rateTimer.clear();
    for (const [id, request] of this.#pending) {
      request.isSent = false;
      if (!request.survivesReconnect) this.settle(id, { error: new HalyardError("unavailable") });
    }
  }

  /** Writes as many requests as the server's limits allow, and sets the timer for the rest. */
  flush(): void {
    const { connection, isHeld } = this.#parts;
    if (!connection.isOpen) return;
    const ready = [...this.#pending.values()].filter(
      ({ channel, isRenewal }) => isRenewal ?? !isHeld(channel),
    );
    // Others wait here. Only four fifths of the server's limit are used, because a request that timed out here may still run there.
    const first = ready.slice(0, Math.ceil(this.limits.requests * 0.8));
    for (const request of first.filter(({ isSent }) => !isSent)) {
      const waitMs = connection.take(request.bytes);
      if (waitMs > 0) return this.#rateTimer.set(waitMs, () => this.flush());
      request.isSent = request.isWritten = true;
      connection.write(request.text);
    }
  }
}

function reasonOf(signal: AbortSignal | undefined): unknown {
  return signal?.reason ?? Object.assign(new Error("aborted"), { name: "AbortError" });
}

import { clientMessages } from "@halyard/protocol";
import type { FrameMeta, Frame as WireFrame } from "@halyard/protocol/wire";
import { encodeFrame, HalyardError } from "@halyard/protocol/wire";
import { InvalidMessageError } from "../utils/errors.ts";
import { assertFitsFrame } from "../delivery/frame-size.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { wireJson } from "../delivery/wire-json.ts";
import type { Clock } from "../types.ts";

/** How long a request waits for its answer by default. */
export const TIMEOUT_MS = 10_000;
const ERROR_LENGTH = 200;

/** Options of `manager.request`. */
export interface RequestOptions {
  /** How long to wait for the reply, in milliseconds; `Infinity` waits until the connection closes. @default 10_000 */
  readonly timeoutMs?: number | undefined;
  /** Aborting rejects with the signal's reason; the client is not notified. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** A request of the server to a client. */
export interface ServerRequest extends RequestOptions {
  readonly name: string;
  /** The input, already validated by the schema of the contract. */
  readonly input: unknown;
}

interface Pending {
  readonly json: string;
  isSent: boolean;
  readonly settle: (answer: { readonly result: unknown } | { readonly error: Error }) => void;
}

/** What a pending request needs of its connection. */
export interface RequestedConnection {
  readonly id: string;
  readonly stage: string;
  readonly isV1: boolean;
  push(frame: OutboundFrame): void;
}

/** The requests of the server that one connection has not answered. They end with the connection. */
export class PendingServerRequests {
  readonly #connection: RequestedConnection;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  constructor(connection: RequestedConnection, clock: Clock, limit: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Sends a request and waits for its reply. The promise always settles; it rejects with `payload_too_large` for a large input. */
  async send({ name, input, signal, timeoutMs = TIMEOUT_MS }: ServerRequest): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#pending.size >= this.#limit)
      throw new HalyardError("limit_exceeded", "Too many requests to this connection wait for an answer.");
    // A late reply may arrive on a later connection, so an id is never reused.
    const json = wireJson({ type: "request", name, input });
    assertFitsFrame(json, `the input of ${name}`);
    const id = `${this.#connection.id}.${String(++this.#count)}`;
    return new Promise((resolve, reject) => {
      const settle: Pending["settle"] = (answer) => {
        this.#pending.delete(id);
        this.#clock.clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        if ("result" in answer) resolve(answer.result);
        else reject(answer.error);
      };
      const abort = (): void => {
        settle({ error: signal?.reason as Error });
      };
      const timer = this.#clock.setTimeout(() => {
        settle({ error: new HalyardError("timeout") });
      }, timeoutMs);
      signal?.addEventListener("abort", abort);
      this.#pending.set(id, { json, isSent: false, settle });
      this.flush();
    });
  }

  /** Sends the requests that were made before the welcome. */
  flush(): void {
    const { stage, isV1 } = this.#connection;
    if (stage !== "open") return;
    for (const [id, pending] of this.#pending) {
      if (!isV1) pending.settle({ error: new HalyardError("not_found", "A plain client answers nothing.") });
      else if (!pending.isSent) this.#connection.push(new OutboundFrame(encodeFrame(pending.json, { id })));
      pending.isSent = true;
    }
  }

  /** @returns whether the frame is the reply to a pending request. A late reply is ignored. */
  answer(frame: WireFrame, { re }: FrameMeta): boolean {
    const pending = this.#pending.get(String(re));
    if (pending?.isSent !== true || (frame.type !== "reply" && frame.type !== "error")) return false;
    pending.settle(frame.type === "reply" ? { result: frame["result"] } : { error: readError(frame) });
    return true;
  }

  /** Call when the connection is closed: every pending request fails with `unavailable`. */
  rejectAll(): void {
    for (const { settle } of this.#pending.values()) settle({ error: new HalyardError("unavailable") });
  }
}

/** Reads the error that a client sent, or that another node passed on. */
export function readError(frame: WireFrame): HalyardError {
  const parsed = clientMessages.error.safeParse(frame);
  if (!parsed.success)
    return new InvalidMessageError([{ path: "", message: "not an error of the protocol" }]);
  const { code, message, retryAfterMs } = parsed.data;
  return new HalyardError(code, message.slice(0, ERROR_LENGTH), { retryAfterMs });
}

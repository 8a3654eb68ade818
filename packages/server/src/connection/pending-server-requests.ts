import { clientMessages } from "@halyard/protocol";
import type { FrameMeta, Frame as WireFrame } from "@halyard/protocol/wire";
import { encodeFrame, HalyardError } from "@halyard/protocol/wire";
import { InvalidMessageError } from "../utils/errors.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Clock } from "../types.ts";

const TIMEOUT_MS = 10_000;
const ERROR_LENGTH = 200;

export interface RequestOptions {
  /** How long to wait for the answer, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined;
  /** Aborting rejects with the signal's reason. The client is not told. */
  readonly signal?: AbortSignal | undefined;
}

export interface ServerRequest extends RequestOptions {
  readonly name: string;
  /** Its schema has seen it. */
  readonly input: unknown;
}

interface Pending {
  readonly json: string;
  isSent: boolean;
  readonly settle: (answer: { readonly result: unknown } | { readonly error: Error }) => void;
}

/** What a pending request needs of the connection that it was sent to. */
export interface RequestedConnection {
  readonly id: string;
  readonly stage: string;
  readonly isV1: boolean;
  push(frame: OutboundFrame): void;
}

/** What the server has asked one connection, and not been answered. Bound to this connection: it ends with it. */
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

  /** Settles always. */
  async send({ name, input, signal, timeoutMs = TIMEOUT_MS }: ServerRequest): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#pending.size >= this.#limit)
      throw new HalyardError("limit_exceeded", "Too many requests to this connection wait for an answer.");
    // A late answer may come through a later connection: an id is never used twice.
    const json = JSON.stringify({ type: "request", name, input });
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

  /** Sends what waits for the welcome. */
  flush(): void {
    const { stage, isV1 } = this.#connection;
    if (stage !== "open") return;
    for (const [id, pending] of this.#pending) {
      if (!isV1) pending.settle({ error: new HalyardError("not_found", "A plain client answers nothing.") });
      else if (!pending.isSent) this.#connection.push(new OutboundFrame(encodeFrame(pending.json, { id })));
      pending.isSent = true;
    }
  }

  /** @returns whether this answers something. A late answer does not, and is nobody's fault. */
  answer(frame: WireFrame, { re }: FrameMeta): boolean {
    const pending = this.#pending.get(String(re));
    if (pending?.isSent !== true || (frame.type !== "reply" && frame.type !== "error")) return false;
    pending.settle(frame.type === "reply" ? { result: frame["result"] } : { error: readError(frame) });
    return true;
  }

  /** The connection has gone. */
  rejectAll(): void {
    for (const { settle } of this.#pending.values()) settle({ error: new HalyardError("unavailable") });
  }
}

function readError(frame: WireFrame): HalyardError {
  const parsed = clientMessages.error.safeParse(frame);
  if (!parsed.success)
    return new InvalidMessageError([{ path: "", message: "not an error of the protocol" }]);
  const { code, message, retryAfterMs } = parsed.data;
  return new HalyardError(code, message.slice(0, ERROR_LENGTH), { retryAfterMs });
}

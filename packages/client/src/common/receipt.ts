import type { SendError } from "./send-error.ts";

/**
 * The outcome of a sent message. A status is certain; if the client cannot be certain, the status is `unknown`. `TResult` is
 * what the handler returned, if the contract has a `result` for the type; `TError` includes the contract's own errors.
 */
export type Receipt<TResult = undefined, TError = SendError> =
  /** The server accepted the message, once. `offset` is its place in the channel. */
  | {
      readonly status: "delivered";
      readonly id: string;
      readonly channel?: string | undefined;
      readonly offset?: number | undefined;
      readonly result: TResult;
    }
  /** The server or this client rejected the message. It has no effect. */
  | { readonly status: "rejected"; readonly id: string; readonly error: TError }
  /** `expired`: the message was never written to a socket. `unknown`: it was written, and may or may not have taken effect. */
  | { readonly status: "expired" | "unknown"; readonly id: string };

/** A receipt without the id of its message. */
export type Outcome =
  Receipt<unknown> extends infer TReceipt
    ? TReceipt extends Receipt<unknown>
      ? Omit<TReceipt, "id">
      : never
    : never;

/** A message that is being sent. Awaiting the receipt is optional, and never rejects. */
export interface Sending<TResult = undefined, TError = SendError> extends PromiseLike<
  Receipt<TResult, TError>
> {
  /** The id of the message, known at once. The copy that comes back from the server has the same id. */
  readonly id: string;
}

/** The state of the outbox. */
export interface QueueState {
  /** How many messages wait to be written to a socket. */
  readonly queued: number;
  /** How many messages were written and wait for a reply. */
  readonly unacknowledged: number;
  /** The size of all these messages together, in bytes. */
  readonly bytes: number;
}

import type { SendError } from "./send-error.ts";

/** What became of a sent message. A status is certain; where the client cannot be certain, it is `unknown`. */
export type Receipt =
  /** The server accepted the message, once. `offset` is its place in the channel. */
  | {
      readonly status: "delivered";
      readonly id: string;
      readonly channel?: string | undefined;
      readonly offset?: number | undefined;
    }
  /** The server or this client rejected the message. It has no effect. */
  | { readonly status: "rejected"; readonly id: string; readonly error: SendError }
  /** `expired`: the message was never written to a socket. `unknown`: it was written, and no reply came. */
  | { readonly status: "expired" | "unknown"; readonly id: string };

/** A receipt without the id of its message. */
export type Outcome = Receipt extends infer TReceipt
  ? TReceipt extends Receipt
    ? Omit<TReceipt, "id">
    : never
  : never;

/** A message that is being sent. Awaiting the receipt is optional, and never rejects. */
export interface Sending extends PromiseLike<Receipt> {
  /** The id of the message, known at once. The copy that comes back from the server has the same id. */
  readonly id: string;
}

/** The messages of the outbox. */
export interface QueueState {
  /** How many messages wait to be written to a socket. */
  readonly queued: number;
  /** How many messages are written and wait for a reply. */
  readonly unacknowledged: number;
  /** The size of both together, in bytes. */
  readonly bytes: number;
}

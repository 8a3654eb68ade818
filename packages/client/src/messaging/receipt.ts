import type { SendError } from "./send-error.ts";

/** What became of a send. Never a lie: what nobody knows is `unknown`. */
export type Receipt =
  /** The server took it, once. `offset` is its place in the channel. */
  | {
      readonly status: "delivered";
      readonly id: string;
      readonly channel?: string | undefined;
      readonly offset?: number | undefined;
    }
  /** It was refused, by the server or before it left. It has no effect. */
  | { readonly status: "rejected"; readonly id: string; readonly error: SendError }
  /** `expired`: it waited too long and was never written to a socket. `unknown`: it was, and no answer came. */
  | { readonly status: "expired" | "unknown"; readonly id: string };

/** What a receipt says, before it is known of which message. */
export type Outcome = Receipt extends infer TReceipt
  ? TReceipt extends Receipt
    ? Omit<TReceipt, "id">
    : never
  : never;

/** A message on its way. Waiting for it is optional, and never rejects. */
export interface Sending extends PromiseLike<Receipt> {
  /** The id that the message has everywhere, known at once: also in the copy that comes back from the server. */
  readonly id: string;
}

/** What waits to be sent. */
export interface QueueState {
  /** Messages that no socket has seen yet. */
  readonly queued: number;
  /** Messages that were written and not answered yet. */
  readonly unacknowledged: number;
  /** The size of both, in bytes. */
  readonly bytes: number;
}

import type { SendError, Sending } from "@halyard/client";

/**
 * One message of a list. `rejected` says why; `expired` was never sent, and `unknown` may have been handled: `retry` sends
 * each of the three again, as a new message.
 */
export type Entry<TMessage, TFields, TError = SendError> =
  | {
      readonly id: string;
      readonly status: "delivered";
      readonly message: TMessage;
      readonly error?: undefined;
    }
  | {
      readonly id: string;
      readonly status: "sending" | "expired" | "unknown";
      readonly message: TFields;
      readonly error?: undefined;
    }
  | { readonly id: string; readonly status: "rejected"; readonly message: TFields; readonly error: TError };

/** What `useMessages` returns: the same object until it changes. */
export interface MessageList<TMessage, TFields, TError = SendError> {
  /** In order: history, live, and what this client has sent. The same array until it changes, each entry likewise. */
  readonly entries: readonly Entry<TMessage, TFields, TError>[];
  /** Sends a message, and shows it at once. */
  readonly send: (fields: TFields) => Sending<unknown, TError>;
  /** Sends an entry again that was rejected, has expired or is unknown; does nothing for any other. */
  readonly retry: (id: string) => void;
  /** Of `load`: `pending` at first and after a gap; entries stay meanwhile. `success` without `load`. */
  readonly status: "pending" | "success" | "error";
  /** What `load` has rejected with. */
  readonly error: unknown;
  /** Calls `load` again. */
  readonly reload: () => void;
}

/** The options of `useMessages`. */
export interface UseMessagesOptions<TRow> {
  /** Where. Required for a type with `room: "required"`. @default everyone */
  readonly room?: string | undefined;
  /** History at hand, oldest first. May come later: rows that are not in the list go before it. @default [] */
  readonly initial?: readonly TRow[] | undefined;
  /**
   * Loads the history, oldest first: on mount, after a gap, and with the next connection after it has failed. Rows and
   * messages with the same `id` are one entry. What it fails with is written to the console. @default none
   */
  readonly load?: ((context: { readonly signal: AbortSignal }) => Promise<readonly TRow[]>) | undefined;
  /** How many entries are kept, the newest. @default 500 */
  readonly limit?: number | undefined;
}

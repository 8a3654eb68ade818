import type { SendError, Sending } from "@halyard/client";

/**
 * One message of a list. `rejected` has the reason; `expired` was never sent; `unknown` may have been handled. `retry` sends
 * any of the three again, as a new message.
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

/** The result of `useMessages`: the same object until it changes. */
export interface MessageList<TMessage, TFields, TError = SendError> {
  /**
   * History, live messages and messages of this client, in order. The same array until it changes, and the same object
   * for each unchanged entry.
   */
  readonly entries: readonly Entry<TMessage, TFields, TError>[];
  /** Sends a message and shows it at once. */
  readonly send: (fields: TFields) => Sending<unknown, TError>;
  /** Sends a rejected, expired or unknown entry again; does nothing for any other. */
  readonly retry: (id: string) => void;
  /** Removes a rejected, expired or unknown entry from the list; does nothing for any other. */
  readonly discard: (id: string) => void;
  /** The status of `load`: `pending` at first and after a gap, while the entries stay. `success` without `load`. */
  readonly status: "pending" | "success" | "error";
  /** The error of `load`. */
  readonly error: unknown;
  /** Calls `load` again. */
  readonly reload: () => void;
  /** The older pages of the history. The same object until it changes. */
  readonly older: OlderMessages;
}

/** What `useMessages` knows of older pages of the history. */
export interface OlderMessages {
  /** `more`: there may be some. `end`: the last page brought nothing new, or there is no `load`. */
  readonly status: "more" | "pending" | "error" | "end";
  /** The error of `load`. */
  readonly error: unknown;
  /** Calls `load` with the `id` of the oldest message as `before`; does nothing while a load is under way, and at the `end`. */
  readonly load: () => void;
}

/** A row of the history. It may have fewer fields than the message. */
export interface HistoryRow {
  /** That of the message, which is one entry with the row. */
  readonly id: string;
}

/** The last arguments of `useMessages`, for a type that needs a room, and for one that does not. */
export interface ListOptions<TRow> {
  required: [options: UseMessagesOptions<TRow> & { readonly room: string }];
  optional: [options?: UseMessagesOptions<TRow>];
}

/** The options of `useMessages`. */
export interface UseMessagesOptions<TRow> {
  /** Where. Required for a type with `room: "required"`. @default everyone */
  readonly room?: string | undefined;
  /** History at hand, oldest first. May come later: rows that are not in the list go before it. @default [] */
  readonly initial?: readonly TRow[] | undefined;
  /**
   * Loads the history, oldest first: the newest page on mount, after a gap, and with the next connection after it has failed;
   * the page before the message `before` by `older.load()`, and where a gap is longer than a page. Rows and messages with the
   * same `id` are one entry. What it fails with is written to the console. @default none
   */
  readonly load?: ((context: LoadContext) => Promise<readonly TRow[]>) | undefined;
  /** How many entries are kept, the newest, beside what `older.load()` has brought; none is cut while it loads. @default 500 */
  readonly limit?: number | undefined;
}

/** What `load` is called with. */
export interface LoadContext {
  /** The `id` before which the page ends; undefined asks for the newest page. */
  readonly before: string | undefined;
  /** Aborted when the page is not needed any more. */
  readonly signal: AbortSignal;
}

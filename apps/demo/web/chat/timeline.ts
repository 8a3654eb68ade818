import type { SendError, Receipt } from "@halyard/client";

export interface Author {
  readonly userId: string;
  readonly name: string;
}

/**
 * `sending`: not answered yet. `delivered`: the server has it. `failed`: it does not, and never will.
 * `unknown`: it may have it; the connection was away for too long to tell.
 */
type EntryStatus = "sending" | "delivered" | "failed" | "unknown";

export interface Entry {
  readonly id: string;
  readonly content: string;
  readonly from: Author;
  readonly sentAt: string;
  readonly status: EntryStatus;
  readonly error?: SendError | undefined;
  /** True until the message came back with the server's time. A pending entry stands below all others. */
  readonly isPending: boolean;
}

export interface ServerMessage {
  readonly id: string;
  readonly content: string;
  readonly from: Author;
  readonly sentAt: string;
}

export interface Timeline {
  readonly entries: readonly Entry[];
  /** Whether there are older messages at the server. */
  readonly hasMore: boolean;
  readonly history: "idle" | "loading" | "loaded" | "failed";
}

export type TimelineAction =
  | { readonly type: "history_requested" }
  | { readonly type: "history_failed" }
  | { readonly type: "history_loaded"; readonly messages: readonly ServerMessage[]; readonly more: boolean }
  /** History was lost on the way (a gap): what the page shows is replaced by what the server has. */
  | { readonly type: "history_replaced"; readonly messages: readonly ServerMessage[]; readonly more: boolean }
  | { readonly type: "received"; readonly message: ServerMessage }
  | { readonly type: "sent"; readonly message: ServerMessage }
  | { readonly type: "settled"; readonly receipt: Receipt }
  | { readonly type: "withdrawn"; readonly id: string };

export const EMPTY_TIMELINE: Timeline = { entries: [], hasMore: false, history: "idle" };

/** Merges history, live messages and this page's own into one list: each id once, the server's order first. */
export function reduceTimeline(timeline: Timeline, action: TimelineAction): Timeline {
  switch (action.type) {
    case "history_requested":
      return { ...timeline, history: "loading" };
    case "history_failed":
      return { ...timeline, history: "failed" };
    case "history_loaded":
      return { entries: prepend(timeline.entries, action.messages), hasMore: action.more, history: "loaded" };
    case "history_replaced": {
      const pending = timeline.entries.filter((entry) => entry.isPending);
      return { entries: prepend(pending, action.messages), hasMore: action.more, history: "loaded" };
    }
    case "received":
      return { ...timeline, entries: append(timeline.entries, action.message) };
    case "sent":
      return { ...timeline, entries: addPending(timeline.entries, action.message) };
    case "settled":
      return { ...timeline, entries: timeline.entries.map((entry) => settle(entry, action.receipt)) };
    case "withdrawn":
      return { ...timeline, entries: timeline.entries.filter(({ id }) => id !== action.id) };
  }
}

/** History goes first and a live message last; among equal times the sort below keeps it so. */
function prepend(entries: readonly Entry[], messages: readonly ServerMessage[]): readonly Entry[] {
  const ids = new Set(messages.map(({ id }) => id));
  return arrange([...messages.map(deliver), ...entries.filter(({ id }) => !ids.has(id))]);
}

function append(entries: readonly Entry[], message: ServerMessage): readonly Entry[] {
  // A message of history keeps its position. It comes twice when the server died between storing and sending it.
  if (entries.some(({ id, isPending }) => id === message.id && !isPending)) return entries;
  return arrange([...entries.filter(({ id }) => id !== message.id), deliver(message)]);
}

function arrange(entries: readonly Entry[]): readonly Entry[] {
  const confirmed = entries.filter((entry) => !entry.isPending);
  confirmed.sort((left, right) => compareText(left.sentAt, right.sentAt));
  return [...confirmed, ...entries.filter((entry) => entry.isPending)];
}

function deliver({ id, content, from, sentAt }: ServerMessage): Entry {
  return { id, content, from, sentAt, status: "delivered", isPending: false };
}

function addPending(entries: readonly Entry[], message: ServerMessage): readonly Entry[] {
  // The server may be faster than the caller of `send`: then there is nothing to wait for.
  if (entries.some(({ id }) => id === message.id)) return entries;
  return [...entries, { ...message, status: "sending", isPending: true }];
}

/** A receipt changes a pending entry only: a message that came back from the server is delivered, whatever the receipt. */
function settle(entry: Entry, receipt: Receipt): Entry {
  if (entry.id !== receipt.id || !entry.isPending) return entry;
  switch (receipt.status) {
    case "delivered":
      return { ...entry, status: "delivered" };
    case "rejected":
      return { ...entry, status: "failed", error: receipt.error };
    case "expired":
      return { ...entry, status: "failed" };
    case "unknown":
      return { ...entry, status: "unknown" };
  }
}

/** ISO times in UTC sort as text. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

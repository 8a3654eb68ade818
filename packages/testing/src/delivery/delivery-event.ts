// The events of a delivery log, and the report on it: plain JSON that any process in any language can write.
// Written by recorders and nodes, read by the delivery checker.
// Guarantee: the log holds ids, channels and offsets only; no content of a message.

interface AtClient {
  /** The client: one page load through all of its reconnects. */
  readonly client: string;
  /** `all`, `user:<id>` or `room:<name>`. */
  readonly channel: string;
}

interface AtPosition extends AtClient {
  readonly epoch: string;
  readonly offset: number;
}

/**
 * One line of a delivery log. Plain JSON. The events of one client are in the order in which they happened there; the
 * logs of several clients are merged by time, as exactly as the clock of one machine allows.
 */
export type DeliveryEvent =
  /** The client got a position: by `welcome` (`"new"`), by a join, by `joined`. Not for a resume (`true`). */
  | (AtPosition & { readonly type: "positioned" })
  /** The client received a retained message. `id` is the message's, where it has one. */
  | (AtPosition & { readonly type: "received"; readonly id?: string | undefined })
  /** The client received a `skip`: the messages up to here were not for it. */
  | (AtPosition & { readonly type: "skipped" })
  /** A gap was announced to the client, which goes on from here. */
  | (AtPosition & { readonly type: "gap" })
  /** The client has left the channel. */
  | (AtClient & { readonly type: "left" })
  /** The client has closed for good, or is disconnected when the log ends. */
  | { readonly type: "closed"; readonly client: string }
  /** The client sends a message. `echo: false`: it does not get its own message back. */
  | (AtClient & { readonly type: "sent"; readonly id: string; readonly echo?: boolean | undefined })
  /** The client got the receipt of its send. */
  | {
      readonly type: "receipt";
      readonly client: string;
      readonly id: string;
      readonly status: "delivered" | "rejected" | "expired" | "unknown";
      readonly channel?: string | undefined;
      readonly offset?: number | undefined;
    }
  /**
   * A node has stored a message in the history of a channel. Optional. A log with such events must have all of them; it
   * then also shows messages that no client received, and receipts of messages that were never stored.
   */
  | {
      readonly type: "stored";
      readonly channel: string;
      readonly epoch: string;
      readonly offset: number;
      readonly id?: string | undefined;
    }
  /** A handler ran for a send. Optional. `node` is a server process; after a restart it is another node. */
  | { readonly type: "handled"; readonly node: string; readonly id: string }
  /** The client received presence: a fresh list, users who joined, or users who left. */
  | (AtClient & {
      readonly type: "presence";
      readonly change: "list" | "joined" | "left";
      readonly users: readonly string[];
    })
  /** The users who are online, when nothing changes any more: every client in the channel must know the same. */
  | { readonly type: "online"; readonly channel: string; readonly users: readonly string[] };

/**
 * The kinds of broken promises:
 *
 * - `gap`: a message was left out, or an epoch ended, and no gap was announced
 * - `duplicate`: one (channel, epoch, offset) came twice, or one message id twice without a gap between; or a handler ran
 *   twice for one send on one node
 * - `disorder`: a message came after a later one
 * - `conflict`: one (channel, epoch, offset) was different messages for different clients
 * - `receipt`: a receipt was wrong
 * - `lost`: at the end, a subscriber of the channel has neither received a message nor the announcement of a gap
 * - `presence`: a user joined twice or left twice, or a list differs from the users who are online
 */
export type ViolationKind = "gap" | "duplicate" | "disorder" | "conflict" | "receipt" | "lost" | "presence";

/** One broken promise. */
export interface Violation {
  readonly kind: ViolationKind;
  /** The client that it concerns; empty for a node. */
  readonly client: string;
  readonly channel: string;
  /** The violation, in words. */
  readonly message: string;
  /** The event of the log at which it was found, counted from 1. */
  readonly event: number;
}

/** The result of a check. */
export interface DeliveryReport {
  /** The first violations, at most `maxViolations`. */
  readonly violations: readonly Violation[];
  /** The number of all violations. */
  readonly violationCount: number;
  /** What the log contains. */
  readonly counts: {
    readonly events: number;
    readonly clients: number;
    readonly received: number;
    readonly sent: number;
    readonly delivered: number;
    readonly gaps: number;
  };
}

/** A message type's or a user's name does not matter here; what counts is who got what, and where it stood. */
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
 * One line of a log of deliveries. Plain JSON. Each client's events come in the order in which they happened there;
 * the clients' logs are merged by time, about as exactly as one machine's clock allows.
 */
export type DeliveryEvent =
  /** The client was told where it stands: by `welcome` (`"new"`), by a join, by `joined`. Not for a resume (`true`). */
  | (AtPosition & { readonly type: "positioned" })
  /** A retained message came. `id` is the message's, where it has one. */
  | (AtPosition & { readonly type: "received"; readonly id?: string | undefined })
  /** A `skip` came: messages up to here were not meant for this client. */
  | (AtPosition & { readonly type: "skipped" })
  /** A gap was announced; the client goes on from here. */
  | (AtPosition & { readonly type: "gap" })
  /** The client does not read the channel any more. */
  | (AtClient & { readonly type: "left" })
  /** The client is gone for good, or away when the log ends. */
  | { readonly type: "closed"; readonly client: string }
  /** The client sends. `echo: false`: it does not get its own message back. */
  | (AtClient & { readonly type: "sent"; readonly id: string; readonly echo?: boolean | undefined })
  /** What the client was told of its send. */
  | {
      readonly type: "receipt";
      readonly client: string;
      readonly id: string;
      readonly status: "delivered" | "rejected" | "expired" | "unknown";
      readonly channel?: string | undefined;
      readonly offset?: number | undefined;
    }
  /**
   * A node has stored a message in a channel's history. Optional; a log that has such events must have all of them, and
   * then shows also what nobody got, and receipts of what was never stored.
   */
  | {
      readonly type: "stored";
      readonly channel: string;
      readonly epoch: string;
      readonly offset: number;
      readonly id?: string | undefined;
    }
  /** A handler ran for a send. Optional. `node` is a server process: one that was started again is another one. */
  | { readonly type: "handled"; readonly node: string; readonly id: string }
  /** Presence as the client was told: a fresh list, or who came, or who went. */
  | (AtClient & {
      readonly type: "presence";
      readonly change: "list" | "joined" | "left";
      readonly users: readonly string[];
    })
  /** Who is there in truth, at rest: every client that reads the channel must know the same. */
  | { readonly type: "online"; readonly channel: string; readonly users: readonly string[] };

/**
 * - `gap`: a message was left out, or an epoch ended, and no gap was announced
 * - `duplicate`: one (channel, epoch, offset) came twice, or one message id twice without a gap between; or a handler ran
 *   twice for one send on one node
 * - `disorder`: a message came after a later one
 * - `conflict`: one (channel, epoch, offset) was different messages for different clients
 * - `receipt`: a receipt said what is not so
 * - `lost`: at the end, somebody who reads the channel has neither got a message nor been told of a gap
 * - `presence`: a user came twice or went twice, or a list is not what it should be
 */
export type ViolationKind = "gap" | "duplicate" | "disorder" | "conflict" | "receipt" | "lost" | "presence";

/** One broken promise. */
export interface Violation {
  readonly kind: ViolationKind;
  /** Empty where it is a node's. */
  readonly client: string;
  readonly channel: string;
  /** What happened, for people. */
  readonly message: string;
  /** After which event of the log it was found, counted from 1. */
  readonly event: number;
}

/** What a log shows. */
export interface DeliveryReport {
  /** The first ones, as many as were asked for. */
  readonly violations: readonly Violation[];
  /** All of them. */
  readonly violationCount: number;
  readonly counts: {
    readonly events: number;
    readonly clients: number;
    readonly received: number;
    readonly sent: number;
    readonly delivered: number;
    readonly gaps: number;
  };
}

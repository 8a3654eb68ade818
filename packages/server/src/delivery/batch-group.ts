// Connections that get the same frames in one turn share one batch instead of building one each.
// A channel opens a group for its subscribers (channels/subscribers.ts); the writer seals and resets it at the flush.
//
// What it relies on: a batch never changes (outbound-frame.ts), and the writer seals every group before it takes a batch.
// What it saves: at one frame per turn, a third of the cost of a delivery (measured at fa6ded8, Node 24, 2026-11-28).
// How it falls back: a connection that has another frame queued gets each frame individually, and so does every connection
// when the switch is off. This is common, so it is not logged.
// Kill switch: HALYARD_BATCH_GROUPS=off, which sets `Writer.usesBatchGroups`.

import type { Recipient } from "./transport.ts";
import type { Batch, OutboundFrame } from "./outbound-frame.ts";

/**
 * The subscribers of a channel that had no frame queued when the channel's first frame of this turn arrived. Each further frame
 * is appended here, once for all of them. A connection that gets another frame leaves the group with the batch so far.
 */
export class BatchGroup {
  /** The frames of this turn that every member gets. */
  batch: Batch;
  /** Subscribers outside the group: each gets every frame individually. */
  readonly individualRecipients: Recipient[] = [];
  /** Whether the turn is over; later frames belong to the next turn. */
  isFlushed = false;

  constructor(emptyBatch: Batch) {
    this.batch = emptyBatch;
  }

  append(frame: OutboundFrame, channel?: string): void {
    this.batch = this.batch.append(frame);
    for (const connection of this.individualRecipients) connection.pushFromChannel(frame, channel);
  }

  /** Ends the turn of this group. */
  seal(): void {
    this.isFlushed = true;
    this.batch.isShared = true;
  }

  /** Releases the frames and the connections of the turn. */
  reset(emptyBatch: Batch): void {
    this.batch = emptyBatch;
    this.individualRecipients.length = 0;
  }
}

import type { Recipient } from "./transport.ts";
import type { Batch, OutboundFrame } from "./outbound-frame.ts";

/**
 * Connections that get the same in one turn, because they read the same channel and nothing else was said to them. What
 * the channel says next is added here, once for all. Whoever is told something of its own leaves, with what it has got.
 */
export class BatchGroup {
  /** The frames of this turn, as every member gets them. */
  batch: Batch;
  /** Readers of the channel that are not in it: they get each frame by themselves. */
  readonly individualRecipients: Recipient[] = [];
  /** The turn is over: whatever comes is for the next one. */
  isFlushed = false;

  constructor(emptyBatch: Batch) {
    this.batch = emptyBatch;
  }

  append(frame: OutboundFrame, channel?: string): void {
    this.batch = this.batch.append(frame);
    for (const connection of this.individualRecipients) connection.pushFromChannel(frame, channel);
  }

  /** What comes from now on is for the next turn. */
  seal(): void {
    this.isFlushed = true;
    this.batch.isShared = true;
  }

  /** Keeps nothing of the turn. */
  reset(emptyBatch: Batch): void {
    this.batch = emptyBatch;
    this.individualRecipients.length = 0;
  }
}

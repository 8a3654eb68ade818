import type { Connection } from "../connection/connection.ts";
import type { Batch, Frame } from "./outbound-frame.ts";

/**
 * Connections that get the same in one turn, because they read the same channel and nothing else was said to them. What
 * the channel says next is added here, once for all. Whoever is told something of its own leaves, with what it has got.
 */
export class Choir {
  /** The frames of this turn, as every member gets them. */
  batch: Batch;
  /** Readers of the channel that are not in it: they get each frame by themselves. */
  readonly soloists: Connection[] = [];
  /** The turn is over: whatever comes is for the next one. */
  isOver = false;

  constructor(empty: Batch) {
    this.batch = empty;
  }

  give(frame: Frame, channel?: string): void {
    this.batch = this.batch.with(frame);
    for (const connection of this.soloists) connection.deliver(frame, channel);
  }

  /** What comes from now on is for the next turn. */
  close(): void {
    this.isOver = true;
    this.batch.isShared = true;
  }

  /** Keeps nothing of the turn. */
  end(empty: Batch): void {
    this.batch = empty;
    this.soloists.length = 0;
  }
}

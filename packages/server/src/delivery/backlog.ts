import type { HeldFrames } from "./held-frames.ts";

/** The bytes and frames that wait for a slow peer, in its socket and before it. Most connections never have a backlog. */
export class Backlog {
  /** How many bytes waited at the last check. */
  bytes = 0;
  /** How many bytes had left the process at the last check, where the transport counts them. */
  sentBytes = 0;
  /** Since when no byte has left the process although some wait. */
  stalledSince: number | undefined = undefined;
  /** The bytes of a replay that were handed to the socket; they do not count against the peer. */
  replayBytes = 0;
  /** The bytes of a replay that were queued in this turn. */
  queuedReplayBytes = 0;
  /** The rest of a replay, and the frames after it. */
  held: HeldFrames | undefined = undefined;
  /** How many pings between the pieces of a replay are unanswered; their pongs count against no rate. */
  unansweredPings = 0;
}

import type { HeldFrames } from "./held-frames.ts";

/** What waits for a slow peer, in its socket and before it. Most connections never have a backlog. */
export class Backlog {
  /** How many bytes waited at the last check. */
  bytes = 0;
  /** How many bytes had left the process at the last check, where the transport counts them. */
  sentBytes = 0;
  /** Since when no byte has left the process, although some wait. */
  stalledSince: number | undefined = undefined;
  /** Bytes of a replay, which do not count against the peer: handed to the socket. */
  replayBytes = 0;
  /** … and queued in this turn. */
  queuedReplayBytes = 0;
  /** The rest of a replay, and the frames behind it. */
  held: HeldFrames | undefined = undefined;
  /** Pings between the pieces of a replay that the peer has not answered: their pongs count against no rate. */
  unansweredPings = 0;
}

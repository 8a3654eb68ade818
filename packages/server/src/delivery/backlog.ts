/** What waits for a peer that does not take everything at once. Most connections never have one. */
export class Backlog {
  /** As many bytes as waited at the last look. */
  bytes = 0;
  /** Since when they have not become fewer. */
  stalledSince: number | undefined = undefined;
  /** Bytes of a replay that do not count against the peer while they wait: handed to the socket, and not yet. */
  replayBytes = 0;
  queuedReplayBytes = 0;
}

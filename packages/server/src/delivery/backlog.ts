/** The bytes that wait for a slow peer. Most connections never have a backlog. */
export class Backlog {
  /** How many bytes waited at the last check. */
  bytes = 0;
  /** When the number last stopped falling. */
  stalledSince: number | undefined = undefined;
  /** Bytes of a replay, which do not count against the peer: handed to the socket. */
  replayBytes = 0;
  /** … and not yet handed to the socket. */
  queuedReplayBytes = 0;
}

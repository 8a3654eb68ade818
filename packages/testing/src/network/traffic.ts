/** What is on its way in a network, so that it can be known when nothing is. */
export interface Traffic {
  /** What has been pushed into lines and not come out. */
  inFlight: number;
  /** Counts everything that happens. */
  moves: number;
}

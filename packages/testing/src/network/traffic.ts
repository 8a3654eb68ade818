/** Counters of one network, which show when nothing happens any longer. */
export interface Traffic {
  /** How many deliveries were pushed and have not run. */
  inFlight: number;
  /** How many events have happened: deliveries, and changes of a client's state. */
  count: number;
}

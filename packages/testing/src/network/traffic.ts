/** Counters of one network, by which the network sees that nothing happens any more. */
export interface Traffic {
  /** Deliveries that were pushed and have not run. */
  inFlight: number;
  /** Everything that has happened: deliveries, and changes of a client's state. */
  count: number;
}

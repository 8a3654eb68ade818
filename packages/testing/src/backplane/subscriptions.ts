// The channels that a node of a shared backplane is subscribed to. Used by node-backplane.ts.
// Guarantee: as over one connection, an earlier call for a channel has no effect after a later one, however late or often it arrives.

/** The subscriptions of one node. */
export class Subscriptions {
  readonly #channels = new Set<string>();
  /** The last call for each channel. */
  readonly #latest = new Map<string, object>();

  has(channel: string): boolean {
    return this.#channels.has(channel);
  }

  clear(): void {
    this.#channels.clear();
    this.#latest.clear();
  }

  /** @returns the effect of this call, for when it arrives at the store */
  subscribe(channel: string): () => void {
    return this.#call(channel, () => this.#channels.add(channel));
  }

  /** @returns the effect of this call, for when it arrives at the store */
  unsubscribe(channel: string): () => void {
    return this.#call(channel, () => this.#channels.delete(channel));
  }

  #call(channel: string, effect: () => unknown): () => void {
    const call = {};
    this.#latest.set(channel, call);
    return () => {
      if (this.#latest.get(channel) === call) effect();
    };
  }
}

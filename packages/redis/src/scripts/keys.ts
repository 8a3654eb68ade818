// The names of all keys and pub/sub channels in Redis. The heads of client-common.lua and presence-common.lua describe the keys of
// clients, leases, rosters and slots; log-common.lua those of channels.

/**
 * The names under one prefix. They contain the number of the database, unless it is 0, because pub/sub is the same in all databases of a
 * Redis. No prefix has the character `@`.
 */
export class Keys {
  /** The beginning of every name. */
  readonly root: string;
  readonly #partitions: number;

  constructor(prefix: string, partitions: number, database = 0) {
    this.root = database === 0 ? `${prefix}:` : `${prefix}:@${String(database)}:`;
    this.#partitions = partitions;
  }

  /** The settings that all nodes share. */
  get settings(): string {
    return `${this.root}settings`;
  }

  /** The key and the pub/sub channel of probe.lua. No other prefix has names below the settings. */
  get probe(): string {
    return `${this.settings}:probe`;
  }

  /** The pub/sub channel of presence events. */
  get presence(): string {
    return `${this.root}presence`;
  }

  /** The pub/sub channel of all nodes. */
  get nodes(): string {
    return `${this.root}nodes`;
  }

  /** The pub/sub channel of one node. */
  node(nodeId: string): string {
    return `${this.root}node:${nodeId}`;
  }

  /** The names of a channel: the epoch of its partition, its hash, its log, and its messages in pub/sub. */
  channel(channel: string): { epoch: string; state: string; log: string; messages: string } {
    const partition = this.#partition(channel);
    return {
      epoch: `${partition}epoch`,
      state: `${partition}channel:${channel}`,
      log: `${partition}log:${channel}`,
      messages: `${partition}messages:${channel}`,
    };
  }

  /** The key that stores a publication by its idempotency key. */
  publication(channel: string, key: string): string {
    return `${this.#partition(channel)}publication:${String(channel.length)}:${channel}${key}`;
  }

  /** The channel whose messages a pub/sub channel has; undefined for a pub/sub channel of another kind. */
  channelOf(messages: string): string | undefined {
    const start = this.root.length;
    if (messages[start] !== "{") return undefined;
    const end = messages.indexOf("}:messages:", start);
    return end === -1 ? undefined : messages.slice(end + "}:messages:".length);
  }

  /** The beginning of the names of a partition, with a hash tag, which puts them into one slot of a Redis Cluster. */
  #partition(channel: string): string {
    return `${this.root}{${String(hash(channel) % this.#partitions)}}:`;
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}

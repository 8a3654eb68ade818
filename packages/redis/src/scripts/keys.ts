// The names of everything in Redis. Lists of what is behind each name: scripts/log-common.lua,
// client-common.lua and presence-common.lua.

/**
 * The names under one prefix. They contain the number of the database, unless it is 0, because pub/sub is the same in all databases of a
 * Redis. No prefix has the character `@`.
 */
export class Keys {
  /** What every name begins with. */
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

  /** The key and the pub/sub channel of scripts/probe.lua. No other prefix reaches below the settings. */
  get probe(): string {
    return `${this.settings}:probe`;
  }

  /** The pub/sub channels of this node, of all nodes, and of presence events. */
  get presence(): string {
    return `${this.root}presence`;
  }

  get nodes(): string {
    return `${this.root}nodes`;
  }

  node(nodeId: string): string {
    return `${this.root}node:${nodeId}`;
  }

  /** The names of a channel: of its partition's epoch, of what is known of it, of its log, and of its messages in pub/sub. */
  channel(channel: string): { epoch: string; state: string; log: string; messages: string } {
    const partition = this.#partition(channel);
    return {
      epoch: `${partition}epoch`,
      state: `${partition}channel:${channel}`,
      log: `${partition}log:${channel}`,
      messages: `${partition}messages:${channel}`,
    };
  }

  /** What is known of a publication with a key. */
  publication(channel: string, key: string): string {
    return `${this.#partition(channel)}publication:${String(channel.length)}:${channel}${key}`;
  }

  /** The channel of a pub/sub channel; undefined for another one. */
  channelOf(messages: string): string | undefined {
    const start = this.root.length;
    if (messages[start] !== "{") return undefined;
    const end = messages.indexOf("}:messages:", start);
    return end === -1 ? undefined : messages.slice(end + "}:messages:".length);
  }

  /** A partition's names share a hash tag, so that a cluster would keep them together. */
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

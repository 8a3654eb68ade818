// Writes a batch to many connections through a topic of the runtime (Bun), which distributes it natively.
// The writer offers each connection of a large flush; connections that no topic can serve are written one by one.
// Used only when the topic's subscribers are exactly the recipients of a batch, and none of them has bytes waiting.

import { Batch } from "./outbound-frame.ts";
import type { OutboundFrame } from "./outbound-frame.ts";
import { OPEN } from "./ready-state.ts";
import type { GroupBroadcast, Recipient, Topic } from "./transport.ts";
import type { WebSocketInstance } from "../types.ts";

/** The topics of a runtime. A publication reaches every subscriber, in order with frames that are sent to it individually. */
export interface Topics {
  subscribe(ws: WebSocketInstance, topic: string): void;
  unsubscribe(ws: WebSocketInstance, topic: string): void;
  publish(topic: string, text: string): void;
}

/** Smaller groups, and turns with fewer frames, are just as fast when written one by one. */
export const MIN_GROUP_SIZE = 64;
const MIN_FRAMES = 4;
/** A topic does not report what it drops, so only batches and backlogs that always fit are published. */
const MAX_CHARS = 64 * 1024;
const MAX_BUFFERED_BYTES = 64 * 1024;
const MAX_BACKOFF = 1_023;

/** Publishes a batch that many connections get in one turn to a topic of the runtime. */
export class TopicBroadcaster implements GroupBroadcast {
  readonly #topics: Topics;
  readonly #name: string;
  readonly #groups = new Map<Batch, Recipient[]>();
  #latest: { readonly batch: Batch; readonly members: Recipient[] } | undefined = undefined;
  /** Subscribers of a topic that got other frames in this turn. */
  #outsiders: Recipient[] = [];
  #topicCount = 0;
  /** How many turns to wait before creating a topic, because the last ones were soon retired. */
  #turnsToSkip = 0;
  #backoff = 0;

  /** @param name a prefix that is unique among the broadcasters of one runtime server, which share its topics */
  constructor(topics: Topics, name = "") {
    this.#topics = topics;
    this.#name = name;
  }

  /** @returns false if the connection must be written to individually, now */
  offer(connection: Recipient, batch: Batch, buffered: number): boolean {
    const isFit = batch.length >= MIN_FRAMES && batch.chars <= MAX_CHARS && batch.frame?.isShared === true;
    if (!isFit || buffered > MAX_BUFFERED_BYTES) {
      if (connection.topic !== undefined) this.#outsiders.push(connection);
      return false;
    }
    if (this.#latest?.batch !== batch) this.#latest = { batch, members: this.#groupOf(batch) };
    this.#latest.members.push(connection);
    return true;
  }

  /**
   * Writes to every connection that was accepted.
   *
   * @param write writes to a single connection
   * @param fail closes a connection that cannot be unsubscribed from its topic
   */
  flush(write: (connection: Recipient, batch: Batch) => void, fail: (connection: Recipient) => void): void {
    for (const [batch, members] of this.#groups) {
      if (members.length >= MIN_GROUP_SIZE) continue;
      for (const member of members) write(member, batch);
      this.#outsiders.push(...members);
      this.#groups.delete(batch);
    }
    for (const [batch, members] of this.#groups) {
      const topic = this.#topicOf(members);
      const published =
        topic !== undefined && this.#hasExactly(topic, members, fail) ? this.#publish(topic, batch) : 0;
      const rest = published === batch.length ? undefined : batchOf(batch.frames().slice(published));
      for (const member of members)
        if (published === 0 || member.topic !== topic) write(member, batch);
        else if (rest !== undefined) write(member, rest);
      // Subscribed last, because these connections already have the frames.
      if (topic?.isRetired === false) for (const member of members) this.#join(member, topic, fail);
    }
    this.#groups.clear();
    this.#latest = undefined;
    this.#outsiders = [];
  }

  /** Call when the connection is closed. @throws what the runtime throws */
  leave(connection: Recipient): void {
    const { topic, ws } = connection;
    if (topic === undefined) return;
    topic.size--;
    connection.topic = undefined;
    if (ws.readyState === OPEN) this.#topics.unsubscribe(ws, topic.name);
  }

  /** @returns how many frames were published; fewer than given if the runtime threw, in which case the topic is retired */
  #publish(topic: Topic, batch: Batch): number {
    topic.publishCount++;
    let published = 0;
    try {
      for (const { text } of batch.frames()) {
        this.#topics.publish(topic.name, text);
        published++;
      }
    } catch {
      topic.isRetired = true;
    }
    return published;
  }

  #groupOf(batch: Batch): Recipient[] {
    const group = this.#groups.get(batch) ?? [];
    this.#groups.set(batch, group);
    return group;
  }

  #topicOf(members: readonly Recipient[]): Topic | undefined {
    for (const { topic } of members) if (topic?.isRetired === false) return topic;
    if (this.#turnsToSkip-- > 0) return undefined;
    this.#turnsToSkip = 0;
    return {
      name: `halyard:${this.#name}:${String(++this.#topicCount)}`,
      size: 0,
      publishCount: 0,
      isRetired: false,
    };
  }

  /** Whether the members are exactly the subscribers of the topic; a topic with other subscribers is retired. */
  #hasExactly(topic: Topic, members: readonly Recipient[], fail: (connection: Recipient) => void): boolean {
    for (const connection of this.#outsiders)
      if (connection.topic === topic && !this.#tryLeave(connection)) {
        topic.isRetired = true;
        fail(connection);
      }
    if (topic.isRetired) return false;
    const count = members.reduce((sum, member) => (member.topic === topic ? sum + 1 : sum), 0);
    if (count === topic.size) return count > 0;
    topic.isRetired = true;
    this.#backoff = topic.publishCount < 16 ? Math.min(2 * this.#backoff + 1, MAX_BACKOFF) : 0;
    this.#turnsToSkip = this.#backoff;
    return false;
  }

  #join(connection: Recipient, topic: Topic, fail: (connection: Recipient) => void): void {
    if (connection.topic?.isRetired === true && !this.#tryLeave(connection)) {
      fail(connection);
      return;
    }
    if (connection.topic !== undefined || connection.ws.readyState !== OPEN) return;
    try {
      this.#topics.subscribe(connection.ws, topic.name);
    } catch {
      // The connection continues to get its frames one by one.
      return;
    }
    connection.topic = topic;
    topic.size++;
  }

  #tryLeave(connection: Recipient): boolean {
    try {
      this.leave(connection);
      return true;
    } catch {
      return false;
    }
  }
}

function batchOf(frames: readonly OutboundFrame[]): Batch {
  let batch = new Batch();
  for (const frame of frames) batch = batch.append(frame);
  return batch;
}

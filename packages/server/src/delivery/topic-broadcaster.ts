import type { Batch } from "./outbound-frame.ts";
import { OPEN } from "./ready-state.ts";
import type { GroupBroadcast, Recipient, Topic } from "./transport.ts";
import type { WebSocketInstance } from "../types.ts";

/** A runtime's own topics: what is published reaches every subscriber, in order with what each is sent by itself. */
export interface Topics {
  subscribe(ws: WebSocketInstance, topic: string): void;
  unsubscribe(ws: WebSocketInstance, topic: string): void;
  publish(topic: string, text: string): void;
}

/** Fewer readers, or fewer frames in a turn, are written to as fast one by one. */
export const MIN_GROUP_SIZE = 64;
const MIN_FRAMES = 4;
/** A topic does not say what it had to throw away: there is always room for so much beside so much that waits. */
const MAX_CHARS = 64 * 1024;
const MAX_BUFFERED_BYTES = 64 * 1024;
const MAX_BACKOFF = 1_023;

/** Writes what many get in one turn through a topic of the runtime, which copies it for each without coming back here. */
export class TopicBroadcaster implements GroupBroadcast {
  readonly #topics: Topics;
  readonly #groups = new Map<Batch, Recipient[]>();
  #latest: { readonly batch: Batch; readonly members: Recipient[] } | undefined = undefined;
  /** Who subscribes to a topic and got something else in this turn. */
  #outsiders: Recipient[] = [];
  #topicCount = 0;
  /** Turns in which no topic is founded, because the last ones did not last. */
  #turnsToSkip = 0;
  #backoff = 0;

  constructor(topics: Topics) {
    this.#topics = topics;
  }

  /** @returns false when the connection is to be written to by itself, now */
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

  /** Writes to everyone who was taken. @param write to one by itself */
  flush(write: (connection: Recipient, batch: Batch) => void): void {
    for (const [batch, members] of this.#groups) {
      if (members.length >= MIN_GROUP_SIZE) continue;
      for (const member of members) write(member, batch);
      this.#outsiders.push(...members);
      this.#groups.delete(batch);
    }
    for (const [batch, members] of this.#groups) {
      const topic = this.#topicOf(members);
      const isPublished = topic !== undefined && this.#hasExactly(topic, members);
      if (isPublished) this.#publish(topic, batch);
      for (const member of members) if (!isPublished || member.topic !== topic) write(member, batch);
      // Only now: whoever joins has got what was published.
      if (topic?.isRetired === false) for (const member of members) this.#join(member, topic);
    }
    this.#groups.clear();
    this.#latest = undefined;
    this.#outsiders = [];
  }

  /** The connection is gone, or hears something else from now on. */
  leave(connection: Recipient): void {
    const { topic, ws } = connection;
    if (topic === undefined) return;
    topic.size--;
    connection.topic = undefined;
    if (ws.readyState === OPEN) this.#topics.unsubscribe(ws, topic.name);
  }

  #publish(topic: Topic, batch: Batch): void {
    topic.publishCount++;
    for (const { text } of batch.frames()) this.#topics.publish(topic.name, text);
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
    return { name: `halyard:${String(++this.#topicCount)}`, size: 0, publishCount: 0, isRetired: false };
  }

  /** Whether all its subscribers are among these. Where somebody unknown is not, it is given up. */
  #hasExactly(topic: Topic, members: readonly Recipient[]): boolean {
    for (const connection of this.#outsiders) if (connection.topic === topic) this.leave(connection);
    const count = members.reduce((sum, member) => (member.topic === topic ? sum + 1 : sum), 0);
    if (count === topic.size) return count > 0;
    topic.isRetired = true;
    this.#backoff = topic.publishCount < 16 ? Math.min(2 * this.#backoff + 1, MAX_BACKOFF) : 0;
    this.#turnsToSkip = this.#backoff;
    return false;
  }

  #join(connection: Recipient, topic: Topic): void {
    if (connection.topic?.isRetired === true) this.leave(connection);
    if (connection.topic !== undefined || connection.ws.readyState !== OPEN) return;
    this.#topics.subscribe(connection.ws, topic.name);
    connection.topic = topic;
    topic.size++;
  }
}

import type { Connection } from "../connection/connection.ts";
import type { Batch } from "./outbound-frame.ts";
import { OPEN } from "./transport.ts";
import type { WebSocketInstance } from "../types.ts";

/** A runtime's own topics: what is published reaches every subscriber, in order with what each is sent by itself. */
export interface Topics {
  subscribe(ws: WebSocketInstance, topic: string): void;
  unsubscribe(ws: WebSocketInstance, topic: string): void;
  publish(topic: string, text: string): void;
}

/** A topic and how many subscribe to it; it is used only when exactly these are to hear the same. */
export interface Topic {
  readonly name: string;
  size: number;
  uses: number;
  /** Its subscribers do not hear the same any more. */
  isOver: boolean;
}

/** Fewer readers, or fewer frames in a turn, are written to as fast one by one. */
export const SINGERS = 64;
const FRAMES = 4;
/** A topic does not say what it had to throw away: there is always room for so much beside so much that waits. */
const CHARS = 64 * 1024;
const BUFFERED = 64 * 1024;
const MOST_PATIENCE = 1_023;

/** Writes what many get in one turn through a topic of the runtime, which copies it for each without coming back here. */
export class Unison {
  readonly #topics: Topics;
  readonly #groups = new Map<Batch, Connection[]>();
  #latest: { readonly batch: Batch; readonly singers: Connection[] } | undefined = undefined;
  /** Who subscribes to a topic and got something else in this turn. */
  #apart: Connection[] = [];
  #founded = 0;
  /** Turns in which no topic is founded, because the last ones did not last. */
  #pause = 0;
  #patience = 0;

  constructor(topics: Topics) {
    this.#topics = topics;
  }

  /** @returns false when the connection is to be written to by itself, now */
  take(connection: Connection, batch: Batch, buffered: number): boolean {
    const isFit = batch.length >= FRAMES && batch.chars <= CHARS && batch.frame?.isShared === true;
    if (!isFit || buffered > BUFFERED) {
      if (connection.topic !== undefined) this.#apart.push(connection);
      return false;
    }
    if (this.#latest?.batch !== batch) this.#latest = { batch, singers: this.#groupOf(batch) };
    this.#latest.singers.push(connection);
    return true;
  }

  /** Writes to everyone who was taken. @param write to one by itself */
  sing(write: (connection: Connection, batch: Batch) => void): void {
    for (const [batch, singers] of this.#groups) {
      if (singers.length >= SINGERS) continue;
      for (const singer of singers) write(singer, batch);
      this.#apart.push(...singers);
      this.#groups.delete(batch);
    }
    for (const [batch, singers] of this.#groups) {
      const topic = this.#topicOf(singers);
      const isSung = topic !== undefined && this.#isExact(topic, singers);
      if (isSung) this.#publish(topic, batch);
      for (const singer of singers) if (!isSung || singer.topic !== topic) write(singer, batch);
      // Only now: whoever joins has got what was published.
      if (topic?.isOver === false) for (const singer of singers) this.#join(singer, topic);
    }
    this.#groups.clear();
    this.#latest = undefined;
    this.#apart = [];
  }

  /** The connection is gone, or hears something else from now on. */
  leave(connection: Connection): void {
    const { topic, ws } = connection;
    if (topic === undefined) return;
    topic.size--;
    connection.topic = undefined;
    if (ws.readyState === OPEN) this.#topics.unsubscribe(ws, topic.name);
  }

  #publish(topic: Topic, batch: Batch): void {
    topic.uses++;
    for (const { text } of batch.frames()) this.#topics.publish(topic.name, text);
  }

  #groupOf(batch: Batch): Connection[] {
    const group = this.#groups.get(batch) ?? [];
    this.#groups.set(batch, group);
    return group;
  }

  #topicOf(singers: readonly Connection[]): Topic | undefined {
    for (const { topic } of singers) if (topic?.isOver === false) return topic;
    if (this.#pause-- > 0) return undefined;
    this.#pause = 0;
    return { name: `halyard:${String(++this.#founded)}`, size: 0, uses: 0, isOver: false };
  }

  /** Whether all its subscribers are among these. Where somebody unknown is not, it is given up. */
  #isExact(topic: Topic, singers: readonly Connection[]): boolean {
    for (const connection of this.#apart) if (connection.topic === topic) this.leave(connection);
    const members = singers.reduce((sum, singer) => (singer.topic === topic ? sum + 1 : sum), 0);
    if (members === topic.size) return members > 0;
    topic.isOver = true;
    this.#patience = topic.uses < 16 ? Math.min(2 * this.#patience + 1, MOST_PATIENCE) : 0;
    this.#pause = this.#patience;
    return false;
  }

  #join(connection: Connection, topic: Topic): void {
    if (connection.topic?.isOver === true) this.leave(connection);
    if (connection.topic !== undefined || connection.ws.readyState !== OPEN) return;
    this.#topics.subscribe(connection.ws, topic.name);
    connection.topic = topic;
    topic.size++;
  }
}

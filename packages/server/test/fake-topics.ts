import type { WebSocketInstance } from "../src/types.ts";
import type { Topics } from "../src/delivery/topic-broadcaster.ts";

/** The topics of a runtime, in memory. */
export class FakeTopics implements Topics {
  readonly subscribers = new Map<string, Set<WebSocketInstance>>();
  /** The number of calls to `publish`. */
  published = 0;

  subscribe(ws: WebSocketInstance, topic: string): void {
    const sockets = this.subscribers.get(topic) ?? new Set();
    this.subscribers.set(topic, sockets.add(ws));
  }

  unsubscribe(ws: WebSocketInstance, topic: string): void {
    this.subscribers.get(topic)?.delete(ws);
  }

  publish(topic: string, text: string): void {
    this.published++;
    // A runtime does not write to closed sockets.
    for (const ws of this.subscribers.get(topic) ?? []) if (ws.readyState === 1) ws.send(text);
  }
}

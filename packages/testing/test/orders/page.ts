// One page of an application, with a real client on sockets in memory, and what its application was told.
// Its connections go to the node that the world names at that moment.
import { createWebSocketClient } from "@halyard/client";
import type { ConnectionState, Room, WebSocketClient } from "@halyard/client";
import { createDeliveryRecorder } from "../../src/delivery/delivery-recorder.ts";
import type { DeliveryRecorder } from "../../src/delivery/delivery-recorder.ts";
import type { DeliveryEvent } from "../../src/delivery/delivery-event.ts";
import { MemorySocket } from "../../src/network/memory-link.ts";
import type { Link, LinkObserver } from "../../src/network/memory-link.ts";
import type { Traffic } from "../../src/network/traffic.ts";
import type { TestClock } from "../../src/clock/test-clock.ts";
import { queueTurn } from "./turns.ts";

/** What a page needs of its world. */
export interface PageParts {
  readonly name: string;
  readonly userId: string;
  readonly clock: TestClock;
  readonly traffic: Traffic;
  /** The node to which the page connects next. */
  readonly server: () => LinkObserver["server"];
  readonly write: (event: DeliveryEvent) => void;
  readonly onError: (error: unknown) => void;
}

/** A page: a client with its rooms. */
export class Page {
  readonly client: WebSocketClient;
  readonly rooms = new Map<string, Room>();
  /** By channel, the ids that the application's listeners received since the last gap, in their order. */
  readonly heard = new Map<string, string[]>();
  readonly #recorder: DeliveryRecorder;
  readonly #parts: PageParts;
  #link: Link | undefined;
  #sent = 0;
  /** Sends without a receipt. */
  unanswered = 0;
  isClosed = false;

  constructor(parts: PageParts) {
    this.#parts = parts;
    const { name, clock, write, onError } = parts;
    const WebSocket = socketClassOf(parts, (link) => (this.#link = link));
    this.#recorder = createDeliveryRecorder({ client: name, write, WebSocket });
    this.client = createWebSocketClient({
      url: "ws://halyard.test/ws",
      WebSocket: this.#recorder.WebSocket,
      clock,
      onError,
      outbox: { ageMs: 600_000 },
    });
    for (const type of ["chat_message", "announcement"] as const)
      this.client.on(type, ({ id }, { room }) => void this.#listOf(channelOf(room)).push(id));
    this.client.onGap((channel) => {
      const ms = Math.floor(clock.random() * 3) * 400;
      this.heard.set(channel, []);
      return ms === 0 ? undefined : new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
    });
  }

  get name(): string {
    return this.#parts.name;
  }

  get userId(): string {
    return this.#parts.userId;
  }

  get state(): ConnectionState["status"] {
    return this.client.state.status;
  }

  join(room: string): void {
    if (this.rooms.has(room)) return;
    this.heard.delete(channelOf(room));
    this.rooms.set(room, this.client.join(room));
  }

  leave(room: string): void {
    this.rooms.get(room)?.leave();
    if (this.rooms.delete(room)) this.#recorder.left(room);
  }

  /** Sends to a room where the page is in it, and to everyone otherwise. */
  send(room: string | undefined): void {
    const handle = room === undefined ? undefined : this.rooms.get(room);
    const fields = { content: `${this.#parts.name} ${++this.#sent}` };
    const sending = (handle ?? this.client).send("chat_message", fields);
    this.#recorder.track(sending, { room: handle?.name });
    this.unanswered++;
    void sending.then(() => this.unanswered--);
  }

  /** Breaks the connection; frames on their way are lost. */
  cut(): void {
    this.#link?.cut();
  }

  close(): void {
    this.isClosed = true;
    for (const room of [...this.rooms.keys()]) this.leave(room);
    this.client.close();
    this.#recorder.close();
  }

  #listOf(channel: string): string[] {
    let list = this.heard.get(channel);
    if (list === undefined) this.heard.set(channel, (list = []));
    return list;
  }
}

/** The class of the sockets of a page: each goes to the node that the world names when it opens. */
function socketClassOf({ userId, traffic, server }: PageParts, connected: (link: Link) => void) {
  return class extends MemorySocket {
    constructor(url: string) {
      const data = { userId, protocol: "halyard.v1" };
      const ignore = (): void => {};
      super(
        {
          data,
          server: server(),
          traffic,
          queueTurn,
          connected,
          sent: ignore,
          received: ignore,
          closed: ignore,
        },
        url,
      );
    }
  };
}

export function channelOf(room: string | undefined): string {
  return room === undefined ? "all" : `room:${room}`;
}

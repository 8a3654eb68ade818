import { createWebSocketClient } from "@halyard/client";
import type { Room, WebSocketClient, WebSocketConstructor } from "@halyard/client";
import type { PublicUser } from "@halyard/protocol";
import { createDeliveryRecorder } from "@halyard/testing";
import type { DeliveryEvent, DeliveryRecorder } from "@halyard/testing";
import { HeldClock } from "./pausable-clock.ts";
import type { LogEvent } from "./log.ts";
import type { protocol } from "./protocol.ts";

export interface PageParts {
  readonly name: string;
  readonly user: string;
  readonly rooms: readonly string[];
  readonly url: string;
  readonly write: (event: LogEvent) => void;
  readonly WebSocket: WebSocketConstructor;
  /** Where it hears that it sleeps and wakes. */
  readonly events: EventTarget;
}

type Socket = InstanceType<WebSocketConstructor> & { terminate?(): void };

/** What a page knows at a moment. Who is there, by room; under `all`, everyone. */
export interface PageView {
  readonly name: string;
  readonly user: string;
  readonly status: string;
  /** Sends without a receipt, and requests without a reply. */
  readonly unsettled: number;
  readonly joined: readonly string[];
  readonly users: Readonly<Record<string, readonly string[]>>;
}

/** One page load of a user: a client, its log, and everything that can happen to a page. */
export class Page {
  readonly name: string;
  readonly user: string;
  readonly rooms = new Map<string, Room<typeof protocol>>();
  readonly #write: (event: LogEvent) => void;
  readonly #clock = new HeldClock();
  readonly #events: EventTarget;
  readonly #recorder: DeliveryRecorder;
  readonly #client: WebSocketClient<typeof protocol>;
  #socket: Socket | undefined;
  /** A message's frame has come, and the application has not got it yet. */
  #due: Extract<DeliveryEvent, { type: "received" }> | undefined;
  #lastId: string | undefined;
  #unsettled = 0;
  #said = 0;

  constructor({ name, user, rooms, url, write, WebSocket, events }: PageParts) {
    this.name = name;
    this.user = user;
    this.#write = write;
    this.#events = events;
    this.#recorder = createDeliveryRecorder({
      client: name,
      write: (event) => this.#record(event),
      WebSocket: trackedClass(WebSocket, (socket) => (this.#socket = socket)),
    });
    this.#client = createWebSocketClient<typeof protocol>({
      url: `${url}?u=${user}`,
      WebSocket: this.#recorder.WebSocket,
      clock: this.#clock,
      page: events,
      onError: (error) => this.#broken(String(error)),
    });
    this.#client.on("chat_message", ({ id }) => this.#given(id));
    this.#client.on("announcement", (message) => this.#given((message as { readonly id?: string }).id));
    this.#client.onStateChange(({ status }) => write({ type: "state", client: name, status }));
    this.#client.onGap((channel, reason) => write({ type: "told", client: name, channel, reason }));
    for (const room of rooms) this.join(room);
  }

  get view(): PageView {
    const names = (users: readonly PublicUser[]): string[] => users.map(({ userId }) => userId).sort();
    const rooms = [...this.rooms];
    return {
      name: this.name,
      user: this.user,
      status: this.#client.state.status,
      unsettled: this.#unsettled,
      joined: rooms.filter(([, { state }]) => state.status === "joined").map(([room]) => room),
      users: {
        all: names(this.#client.users),
        ...Object.fromEntries(rooms.map(([room, { users }]) => [room, names(users)])),
      },
    };
  }

  /** To one of its rooms, or to everyone. */
  say(room?: string): void {
    const content = `${this.name} says ${String(++this.#said)}`;
    const to = room === undefined ? this.#client : this.rooms.get(room);
    const sending = to?.send("chat_message", { content });
    if (!sending) return;
    this.#recorder.track(sending, { room });
    this.#unsettled++;
    void sending.then(() => this.#unsettled--);
  }

  type(room: string): void {
    this.rooms.get(room)?.send("typing_indicator", { isTyping: true });
  }

  async ask(): Promise<void> {
    this.#unsettled++;
    const token = `${this.name} asks ${String(++this.#said)}`;
    const outcome = await this.#client.request("echo", token).then(
      (text) => (text === token ? "reply" : this.#broken(`asked ${token} and was told ${text}`)),
      (error: unknown) => String((error as { readonly code?: unknown }).code),
    );
    this.#unsettled--;
    this.#write({ type: "settled", client: this.name, outcome: outcome ?? "wrong" });
  }

  join(room: string): void {
    if (!this.rooms.has(room)) this.rooms.set(room, this.#client.join(room));
  }

  leave(room: string): void {
    this.rooms.get(room)?.leave();
    this.#recorder.left(room);
    this.rooms.delete(room);
  }

  /** Timers stop ringing, as in a tab in the background. */
  hold(): void {
    this.#clock.hold();
  }

  release(): void {
    this.#clock.release();
    this.tell("resume");
  }

  tell(event: "online" | "pagehide" | "pageshow" | "resume"): void {
    this.#events.dispatchEvent(new Event(event));
  }

  /** The user signs off. */
  close(): void {
    this.#recorder.close();
    this.#client.close();
  }

  /** The page goes, as by a reload: nothing of it runs any more. */
  unload(): void {
    this.#recorder.close();
    this.tell("pagehide");
    this.#clock.stop();
  }

  /** The browser goes: its kernel resets the connection. */
  crash(): void {
    this.#recorder.close();
    this.#clock.stop();
    this.#socket?.terminate?.();
  }

  /** A message counts once the application has got it, which is right after its frame came. */
  #record(event: DeliveryEvent): void {
    if (event.type === "received") this.#due = event;
    else this.#write(event);
  }

  /** What comes of a room that was just left, or is being joined, does not count; nor does it harm. */
  #given(id: string | undefined): void {
    const due = this.#due;
    this.#due = undefined;
    // The same message may come again in a new epoch: whether that was announced, the log shows.
    if (due && due.id === id) this.#write(due);
    else if (due || id === this.#lastId)
      this.#broken(`the application got ${String(id)}, and the frame was ${String(due?.id)}`);
    this.#lastId = id;
  }

  #broken(message: string): undefined {
    this.#write({ type: "broken", client: this.name, message });
  }
}

function trackedClass(Base: WebSocketConstructor, track: (socket: Socket) => void): WebSocketConstructor {
  return class extends Base {
    constructor(...parameters: ConstructorParameters<WebSocketConstructor>) {
      super(...parameters);
      track(this);
    }
  };
}

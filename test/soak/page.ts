// One page load in a soak: a client, and the actions of its browser and of its user.
// `pages.ts` runs many pages in a process, `in-chromium.ts` one in a real browser.
// The page writes its events to the log, and a received message when the application gets it.
import { createWebSocketClient } from "@halyard/client";
import type { Room, WebSocketClient, WebSocketConstructor } from "@halyard/client";
import type { PublicUser } from "@halyard/protocol";
import { createDeliveryRecorder } from "@halyard/testing";
import type { DeliveryEvent, DeliveryRecorder } from "@halyard/testing";
import { PausableClock } from "./pausable-clock.ts";
import type { LogEvent } from "./log.ts";
import type { protocol } from "./protocol.ts";

export interface PageParts {
  readonly name: string;
  readonly user: string;
  readonly rooms: readonly string[];
  readonly url: string;
  readonly write: (event: LogEvent) => void;
  readonly WebSocket: WebSocketConstructor;
  /** The events of the page's lifecycle. */
  readonly events: EventTarget;
}

type Socket = InstanceType<WebSocketConstructor> & { terminate?(): void };

/** The state of a page at one moment, with the users of each room, and of the whole application under `all`. */
export interface PageView {
  readonly name: string;
  readonly user: string;
  readonly status: string;
  /** Sends without a receipt, and requests without a reply. */
  readonly unsettled: number;
  readonly joined: readonly string[];
  readonly users: Readonly<Record<string, readonly string[]>>;
}

export class Page {
  readonly name: string;
  readonly user: string;
  readonly rooms = new Map<string, Room<typeof protocol>>();
  readonly #write: (event: LogEvent) => void;
  readonly #clock = new PausableClock();
  readonly #events: EventTarget;
  readonly #recorder: DeliveryRecorder;
  readonly #client: WebSocketClient<typeof protocol>;
  #socket: Socket | undefined;
  /** Whether the page was reloaded or has crashed. A new socket of it is then ended at once. */
  #isGone = false;
  /** The received message that the application has not got yet. */
  #pendingMessage: Extract<DeliveryEvent, { type: "received" }> | undefined;
  #lastId: string | undefined;
  #unsettled = 0;
  #sent = 0;

  constructor({ name, user, rooms, url, write, WebSocket, events }: PageParts) {
    this.name = name;
    this.user = user;
    this.#write = write;
    this.#events = events;
    this.#recorder = createDeliveryRecorder({
      client: name,
      write: (event) => this.#record(event),
      WebSocket: trackedClass(WebSocket, (socket) => {
        this.#socket = socket;
        if (this.#isGone) socket.terminate?.();
      }),
    });
    this.#client = createWebSocketClient<typeof protocol>({
      url: `${url}?u=${user}`,
      WebSocket: this.#recorder.WebSocket,
      clock: this.#clock,
      page: events,
      onError: (error) => this.#fail(String(error)),
    });
    this.#client.on("chat_message", ({ id }) => this.#deliver(id));
    this.#client.on("announcement", (message) => this.#deliver((message as { readonly id?: string }).id));
    this.#client.onStateChange(({ status }) => write({ type: "state", client: name, status }));
    this.#client.onGap((channel, reason) => write({ type: "gap_reported", client: name, channel, reason }));
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

  /** Sends a chat message to a joined room, or to everyone without one. */
  send(room?: string): void {
    const content = `${this.name} says ${String(++this.#sent)}`;
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

  async request(): Promise<void> {
    this.#unsettled++;
    const token = `${this.name} asks ${String(++this.#sent)}`;
    const outcome = await this.#client.request("echo", token).then(
      (text) => (text === token ? "reply" : this.#fail(`asked ${token} and got the reply ${text}`)),
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

  /** Pauses the timers, as a browser does in a hidden tab. */
  pauseTimers(): void {
    this.#clock.pause();
  }

  resumeTimers(): void {
    this.#clock.resume();
    this.dispatch("resume");
  }

  dispatch(event: "online" | "pagehide" | "pageshow" | "resume"): void {
    this.#events.dispatchEvent(new Event(event));
  }

  /** Closes the client, as an application does. */
  close(): void {
    this.#recorder.close();
    this.#client.close();
  }

  /** Ends the page as a reload does: none of its code runs afterwards. */
  unload(): void {
    this.#isGone = true;
    this.#recorder.close();
    this.dispatch("pagehide");
    this.#clock.stop();
  }

  /** Ends the page as a crash of the browser does: the kernel resets the connection. */
  crash(): void {
    this.#isGone = true;
    this.#recorder.close();
    this.#clock.stop();
    this.#socket?.terminate?.();
  }

  /** Writes a received message when the application gets it, right after the client has received its frame. */
  #record(event: DeliveryEvent): void {
    if (event.type === "received") this.#pendingMessage = event;
    else this.#write(event);
  }

  /** Ignores a message of a room that was just left or is being joined. */
  #deliver(id: string | undefined): void {
    const pending = this.#pendingMessage;
    this.#pendingMessage = undefined;
    // The same message may arrive again in a new epoch: the checker of the log expects a gap before it.
    if (pending && pending.id === id) this.#write(pending);
    else if (pending || id === this.#lastId)
      this.#fail(`the application got ${String(id)}, and the frame was ${String(pending?.id)}`);
    this.#lastId = id;
  }

  #fail(message: string): undefined {
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

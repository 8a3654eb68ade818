import { createWebSocketClient } from "@halyard/client";
import type { ConnectionState, WebSocketClient } from "@halyard/client";
import type { PublicUser } from "@halyard/protocol";
import type { AppProtocol } from "../../shared/protocol.ts";
import { socketUrl } from "../lib/server-url.ts";
import type { Store } from "../lib/store.ts";
import { createStore } from "../lib/store.ts";
import { RoomSession } from "./room-session.ts";
import type { Author, ServerMessage } from "./timeline.ts";

export interface Announcement {
  readonly id: string;
  readonly message: string;
}

export interface ChatSessionOptions {
  readonly self: Author;
  /** Something went wrong that the user should know, in words for them. */
  readonly onProblem: (text: string) => void;
}

/** The newest live message, for screen readers. */
export interface LiveMessage {
  readonly room: string;
  readonly message: ServerMessage;
}

/**
 * Everything that the page knows from the socket, from sign-in to sign-out. React only watches it: a connection
 * belongs to the session, not to a component that happens to be on the screen.
 */
export class ChatSession {
  readonly self: Author;
  readonly connection: Store<ConnectionState>;
  readonly users: Store<readonly PublicUser[]>;
  readonly rooms = createStore<readonly RoomSession[]>([]);
  readonly announcement = createStore<Announcement | undefined>(undefined);
  /** An admin has closed every connection of this user, who may come back with `reconnect()`. */
  readonly isKicked = createStore(false);
  readonly latestMessage = createStore<LiveMessage | undefined>(undefined);
  /** The node of this connection, where there are several. */
  readonly node = createStore<string | undefined>(undefined);
  /** Over all rooms. */
  readonly unread = createStore(0);
  readonly #client: WebSocketClient<AppProtocol>;
  readonly #onProblem: (text: string) => void;

  constructor({ self, onProblem }: ChatSessionOptions) {
    this.self = self;
    this.#onProblem = onProblem;
    this.#client = createWebSocketClient<AppProtocol>({ url: socketUrl() });
    this.connection = createStore(this.#client.state);
    this.users = createStore(this.#client.users);
    this.#listen(this.#client);
  }

  /** Asks the server to drop this very connection; the client does the rest by itself. */
  cut(): void {
    this.#client.send("cut_connection", {});
  }

  /** Tries at once, whether the client would wait a little longer or had stopped. */
  reconnect(): void {
    this.#client.reconnect();
  }

  async createRoom(name: string): Promise<void> {
    await this.#client.request("create_room", { name });
    this.#addRoom(name);
  }

  async announce(message: string): Promise<void> {
    await this.#client.request("announce", { message });
  }

  /** Closes every connection of another user; the server does it for an admin only. */
  async kick(userId: string): Promise<void> {
    await this.#client.request("kick", { userId });
  }

  close(): void {
    for (const room of this.rooms.get()) room.close();
    this.#client.close();
  }

  #listen(client: WebSocketClient<AppProtocol>): void {
    client.onStateChange((state) => {
      if (state.status === "connecting") this.isKicked.set(false);
      this.connection.set(state);
      if (state.status === "open") void this.#refresh();
    });
    client.onUsersChange((users) => this.users.set(users));
    client.on("announcement", ({ id, message }) => this.announcement.set({ id, message }));
    client.on("kicked", () => this.isKicked.set(true));
    client.on("room_created", ({ name }) => this.#addRoom(name));
    client.on("error", ({ message }) => this.#onProblem(message));
  }

  /** At every connect: rooms may have been made, and a page of history may have failed, while we were away. */
  async #refresh(): Promise<void> {
    try {
      this.node.set((await this.#client.request("which_node", {})).name);
      for (const name of await this.#client.request("list_rooms", {})) this.#addRoom(name);
    } catch {
      if (this.#client.state.status === "open") this.#onProblem("The rooms could not be loaded.");
    }
    for (const room of this.rooms.get()) if (room.timeline.get().history === "failed") void room.open();
  }

  #addRoom(name: string): void {
    if (this.rooms.get().some((room) => room.name === name)) return;
    const session = new RoomSession({
      room: this.#client.join(name),
      self: this.self,
      loadHistory: (room, before) => this.#client.request("load_history", { room, before }),
      onMessage: (room, message) => this.latestMessage.set({ room, message }),
    });
    session.unread.subscribe(() => this.unread.set(sum(this.rooms.get().map((room) => room.unread.get()))));
    this.rooms.set([...this.rooms.get(), session]);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

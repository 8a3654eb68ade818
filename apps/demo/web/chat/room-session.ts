import type { Room } from "@halyard/client";
import type { AppProtocol } from "../../shared/protocol.ts";
import type { Store } from "../lib/store.ts";
import { createStore } from "../lib/store.ts";
import type { Author, ServerMessage, Timeline, TimelineAction } from "./timeline.ts";
import { EMPTY_TIMELINE, reduceTimeline } from "./timeline.ts";
import type { TypingList } from "./typing.ts";
import { createTypingList } from "./typing.ts";

interface HistoryPage {
  readonly messages: readonly ServerMessage[];
  readonly more: boolean;
}

export interface RoomSessionOptions {
  readonly room: Room<AppProtocol>;
  readonly self: Author;
  readonly loadHistory: (room: string, before: string | undefined) => Promise<HistoryPage>;
  /** Called for each live message of another user; not for history. */
  readonly onMessage: (room: string, message: ServerMessage) => void;
}

type Watched<TValue> = Pick<Store<TValue>, "get" | "subscribe">;

/** One room as the page shows it: its messages, who types there, and what has not been read. */
export class RoomSession {
  readonly name: string;
  readonly typing: TypingList = createTypingList();
  /** The text that is not sent yet. It is kept while the user looks at another room. */
  readonly draft = createStore("");
  readonly #options: RoomSessionOptions;
  readonly #timeline = createStore<Timeline>(EMPTY_TIMELINE);
  readonly #unread = createStore(0);
  #isWatched = false;

  constructor(options: RoomSessionOptions) {
    const { room } = options;
    this.#options = options;
    this.name = room.name;
    room.on("chat_message", (message) => this.#receive(message));
    room.on("typing_indicator", ({ userId, isTyping }) => {
      if (userId !== options.self.userId) this.typing.update(userId, isTyping);
    });
    // Halyard cannot replay the missed messages; it holds the room's messages until this promise settles.
    room.onGap(() => this.#replaceHistory());
  }

  get timeline(): Watched<Timeline> {
    return this.#timeline;
  }

  get unread(): Watched<number> {
    return this.#unread;
  }

  /** Sets whether the room is on the screen; the messages of a room on the screen count as read. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    if (isWatched) this.#unread.set(0);
  }

  /** Loads the newest page, unless it is there already or on its way. */
  async open(): Promise<void> {
    const { history } = this.#timeline.get();
    if (history === "idle" || history === "failed") await this.#load(undefined);
  }

  /** Loads the page before the oldest message. */
  async loadOlder(): Promise<void> {
    const { history, hasMore, entries } = this.#timeline.get();
    const oldest = entries.find((entry) => !entry.isPending);
    if (history !== "loading" && hasMore && oldest) await this.#load(oldest.id);
  }

  /** Shows the message at once and sends it as soon as there is a connection. */
  send(content: string): void {
    const sending = this.#options.room.send("chat_message", { content });
    const message = { id: sending.id, content, from: this.#options.self, sentAt: new Date().toISOString() };
    this.#dispatch({ type: "sent", message });
    sending.then((receipt) => this.#dispatch({ type: "settled", receipt }));
  }

  /** Sends whether this user is typing. Halyard throttles it, so it may be called at every key. */
  sendTyping(isTyping: boolean): void {
    this.#options.room.send("typing_indicator", { isTyping });
  }

  /** Sends a message that failed once more, as a new one. */
  retry(id: string): void {
    const entry = this.#timeline.get().entries.find((candidate) => candidate.id === id);
    if (!entry) return;
    this.discard(id);
    this.send(entry.content);
  }

  /** Takes a message that failed off the list. */
  discard(id: string): void {
    this.#dispatch({ type: "withdrawn", id });
  }

  close(): void {
    this.typing.close();
    this.#options.room.leave();
  }

  #receive({ id, content, from, sentAt }: ServerMessage): void {
    const isShown = this.#timeline.get().entries.some((entry) => entry.id === id);
    this.#dispatch({ type: "received", message: { id, content, from, sentAt } });
    this.typing.update(from.userId, false);
    if (isShown || from.userId === this.#options.self.userId) return;
    if (!this.#isWatched) this.#unread.set(this.#unread.get() + 1);
    this.#options.onMessage(this.name, { id, content, from, sentAt });
  }

  async #load(before: string | undefined): Promise<void> {
    this.#dispatch({ type: "history_requested" });
    try {
      const { messages, more } = await this.#options.loadHistory(this.name, before);
      this.#dispatch({ type: "history_loaded", messages, more });
    } catch {
      // The message list shows the failure and a button to try again; nothing else depends on it.
      this.#dispatch({ type: "history_failed" });
    }
  }

  async #replaceHistory(): Promise<void> {
    // A room that was never opened has no history to replace.
    if (this.#timeline.get().history === "idle") return;
    try {
      const { messages, more } = await this.#options.loadHistory(this.name, undefined);
      this.#dispatch({ type: "history_replaced", messages, more });
    } catch {
      this.#dispatch({ type: "history_failed" });
    }
  }

  #dispatch(action: TimelineAction): void {
    this.#timeline.set(reduceTimeline(this.#timeline.get(), action));
  }
}

// One message list of `useMessages`: history, live messages, and the messages of this client.
// Created while a component renders; listens, loads the history and sends once it is mounted. Older pages are loaded on request.
import type { Sending, Unsubscribe } from "@halyard/client";
import type { AnyMessage } from "../common/client-view.ts";
import { endAll } from "../common/end-all.ts";
import { isSame } from "../common/is-same.ts";
import { LoadingStore, reportFailure } from "./loading-store.ts";
import type { LoadingParts } from "./loading-store.ts";
import { MessageEntries } from "./message-entries.ts";
import type { AnyEntry, Row } from "./message-entries.ts";

const FRAME_MS = 16;
/** How many pages of the history are loaded at most to reach the entries from before a gap. */
const MAX_PAGES = 10;

interface LoadContext {
  readonly before: string | undefined;
  readonly signal: AbortSignal;
}

export interface MessageListOptions {
  readonly room?: string | undefined;
  readonly initial?: readonly Row[] | undefined;
  readonly load?: ((context: LoadContext) => Promise<readonly Row[]>) | undefined;
  readonly limit?: number | undefined;
}

interface OlderPages {
  readonly status: "more" | "pending" | "error" | "end";
  readonly error: unknown;
  readonly load: () => void;
}

export interface MessageListState {
  readonly entries: readonly AnyEntry[];
  readonly status: "pending" | "success" | "error";
  readonly error: unknown;
  readonly older: OlderPages;
  readonly send: (fields: object) => Sending<unknown> | undefined;
  readonly retry: (id: string) => void;
  readonly discard: (id: string) => void;
  readonly reload: () => void;
}

export class MessageList extends LoadingStore<MessageListState> {
  /** The options of the latest render. */
  options: MessageListOptions;
  readonly #entries = new MessageEntries();
  /** Set for the length of one frame after the list was shown. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasChanged = false;
  #loadingOlder: AbortController | undefined;
  #lastId = 0;

  constructor(parts: LoadingParts, options: MessageListOptions) {
    const status = options.load ? "pending" : "success";
    const older: OlderPages = {
      status: options.load ? "more" : "end",
      error: undefined,
      load: () => void this.#loadOlder(),
    };
    const calls = {
      send: (fields: object) => this.#send(fields),
      retry: (id: string) => {
        const entry = this.#entries.takeFailed(id);
        if (entry) this.#send(entry.message);
      },
      discard: (id: string) => {
        if (this.#entries.takeFailed(id)) this.#show();
      },
      reload: () => void this.run(),
    };
    super({ entries: [], status, error: undefined, older, ...calls }, parts);
    this.options = options;
    this.addInitial();
  }

  readonly mount = (): Unsubscribe => {
    const { client, scope, name: type } = this.parts;
    const { name } = scope;
    const stop = endAll(
      scope.on(type, (message, { room }) => room === name && this.#receive(message)),
      // The messages after the gap wait for the returned promise.
      client.onGap((channel) => {
        const isOwn = name === undefined ? !channel.startsWith("room:") : channel === `room:${name}`;
        return isOwn && this.run();
      }),
      this.followConnection(),
      () => {
        this.abort();
        this.#loadingOlder?.abort();
        clearTimeout(this.#timer);
        this.#timer = undefined;
        // A component that React's Activity hides has the list again when it is shown.
        this.#show();
      },
    );
    void this.run();
    return stop;
  };

  /** Inserts the initial history before the list, unless the history is already loaded. */
  readonly addInitial = (): void => {
    if (this.#entries.addInitial(this.options.initial ?? [])) this.#show();
  };

  #send(fields: object): Sending<unknown> | undefined {
    const sending = this.parts.scope.send(this.parts.name, fields);
    if (!sending) return undefined;
    const { id } = sending;
    this.#entries.send(id, fields);
    this.#show();
    void sending.then((receipt) => {
      const { status } = receipt;
      const message =
        status === "delivered"
          ? { id, ...fields, from: this.parts.client.user, sentAt: new Date().toISOString() }
          : fields;
      const error = status === "rejected" ? { error: receipt.error } : {};
      if (this.#entries.settle(id, { status, message, ...error })) this.#show();
    });
    return sending;
  }

  #receive({ type: _, ...message }: AnyMessage): void {
    // A relayed message has an id only if the contract defines one.
    const { id = `#${++this.#lastId}` } = message as { id?: string };
    this.#entries.receive(id, message);
    this.#update();
  }

  protected override async run(): Promise<void> {
    if (!this.options.load) return;
    this.#entries.beginLoad();
    // Its rows may no longer belong before the list.
    if (this.get().older.status === "pending") this.#setOlder("more");
    this.#loadingOlder?.abort();
    await super.run();
  }

  protected async attempt(signal: AbortSignal): Promise<() => Partial<MessageListState>> {
    let rows = await this.#load(undefined, signal);
    // The entries from before a gap may be more than one page away.
    for (let page = 1; page < MAX_PAGES && this.#entries.isApartFrom(rows[0]); page++) {
      const older = await this.#load(rows[0]?.id, signal);
      const both = new Map([...older, ...rows].map((row) => [row.id, row]));
      if (both.size === rows.length) break;
      rows = [...both.values()];
    }
    return () => {
      if (!this.#entries.replace(rows)) this.#setOlder(rows[0] ? "more" : "end");
      return this.#shown();
    };
  }

  async #loadOlder(): Promise<void> {
    const { status, older } = this.get();
    if (status !== "success" || older.status === "pending" || older.status === "end") return;
    const { signal } = (this.#loadingOlder = new AbortController());
    this.#setOlder("pending");
    try {
      const rows = await this.#load(this.#entries.oldestId, signal);
      if (signal.aborted) return;
      this.#setOlder(this.#entries.prepend(rows) ? "more" : "end");
      this.#show();
    } catch (error) {
      if (signal.aborted) return;
      reportFailure(this.parts, error);
      this.#setOlder("error", error);
    }
  }

  async #load(before: string | undefined, signal: AbortSignal): Promise<readonly Row[]> {
    return (await this.options.load?.({ before, signal })) ?? [];
  }

  #setOlder(status: OlderPages["status"], error?: unknown): void {
    this.set({ ...this.get(), older: { ...this.get().older, status, error } });
  }

  protected forget(): void {
    this.#entries.clear();
    this.#loadingOlder?.abort();
    this.set({ ...this.get(), status: this.options.load ? "pending" : "success", error: undefined });
    this.#show();
  }

  /** Shows the list now, or at the end of the frame that began when it was last shown. */
  #update(): void {
    this.#hasChanged = true;
    if (this.#timer !== undefined) return;
    this.#show();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#hasChanged) this.#update();
    }, FRAME_MS);
  }

  #show(): void {
    this.#hasChanged = false;
    this.set({ ...this.get(), ...this.#shown() });
  }

  /** The shown entries: the same list until it changes. Entries that the limit removes can be loaded again. */
  #shown(): Pick<MessageListState, "entries" | "older"> {
    const { limit = 500, load } = this.options;
    const { entries, older } = this.get();
    // The page that is under way goes before the oldest message of now, so none is cut meanwhile.
    const isCut = older.status !== "pending" && this.#entries.trim(limit) && load && older.status === "end";
    const list = this.#entries.all();
    return {
      entries: isSame(list, entries) ? entries : list,
      older: isCut ? { ...older, status: "more" } : older,
    };
  }
}

// One list of messages, as `useMessages` shows it: history, live messages, and what this client has sent, each id once.
// Made while a component renders; listens, loads the history and sends once it is mounted.
// Messages keep the order of the server; those without an answer stand behind them, in the order of sending.
import type { SendError, Sending, Unsubscribe } from "@halyard/client";
import type { AnyMessage } from "../common/client-view.ts";
import { endAll } from "../common/end-all.ts";
import { isSame } from "../common/is-same.ts";
import { LoadingStore } from "./loading-store.ts";
import type { LoadingParts } from "./loading-store.ts";

const FRAME_MS = 16;

/** A message of the history. */
interface Row {
  readonly id: string;
}

interface AnyEntry {
  readonly id: string;
  readonly status: "sending" | "delivered" | "rejected" | "expired" | "unknown";
  readonly message: object;
  readonly error?: SendError;
}

export interface MessageListOptions {
  readonly room?: string | undefined;
  readonly initial?: readonly Row[] | undefined;
  readonly load?: ((context: { readonly signal: AbortSignal }) => Promise<readonly Row[]>) | undefined;
  readonly limit?: number | undefined;
}

export interface MessageListState {
  readonly entries: readonly AnyEntry[];
  readonly status: "pending" | "success" | "error";
  readonly error: unknown;
  readonly send: (fields: object) => Sending<unknown> | undefined;
  readonly retry: (id: string) => void;
  readonly reload: () => void;
}

export class MessageList extends LoadingStore<MessageListState> {
  /** Those of the newest render. */
  options: MessageListOptions;
  #settled = new Map<string, AnyEntry>();
  readonly #sending = new Map<string, AnyEntry>();
  /** The ids of sent messages whose receipts came before their copies: the copy says which place a message has. */
  readonly #unplaced = new Set<string>();
  /** The ids that came live since the history was last asked for. */
  readonly #fresh = new Set<string>();
  /** Set for a frame after the list was shown. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasChanged = false;
  #isLoaded = false;
  #lastId = 0;

  constructor(parts: LoadingParts, options: MessageListOptions) {
    const reload = (): void => void this.run();
    const status = options.load ? "pending" : "success";
    const calls = {
      send: (fields: object) => this.#send(fields),
      retry: (id: string) => this.#retry(id),
      reload,
    };
    super({ entries: [], status, error: undefined, ...calls }, parts);
    this.options = options;
    this.addInitial();
  }

  readonly mount = (): Unsubscribe => {
    const { client, scope, name: type } = this.parts;
    const { name } = scope;
    const stop = endAll(
      scope.on(type, (message, { room }) => room === name && this.#receive(message)),
      // The messages behind the gap wait for the promise.
      client.onGap((channel) => {
        const isOwn = name === undefined ? !channel.startsWith("room:") : channel === `room:${name}`;
        return isOwn && this.run();
      }),
      this.followConnection(),
      () => {
        this.abort();
        clearTimeout(this.#timer);
        this.#timer = undefined;
      },
    );
    void this.run();
    return stop;
  };

  /** Puts the history at hand before the list, unless it is loaded. */
  readonly addInitial = (): void => {
    const { initial = [] } = this.options;
    if (this.#isLoaded || initial.length === 0) return;
    this.#settled = new Map([
      ...initial.map((row) => [row.id, delivered(row.id, row)] as const),
      ...this.#settled,
    ]);
    this.#show();
  };

  #send(fields: object): Sending<unknown> | undefined {
    const sending = this.parts.scope.send(this.parts.name, fields);
    if (!sending) return undefined;
    const { id } = sending;
    this.#sending.set(id, { id, status: "sending", message: fields });
    this.#show();
    void sending.then((receipt) => {
      // Otherwise it has come back already.
      if (!this.#sending.delete(id)) return;
      const { status } = receipt;
      const entry = { id, status, message: fields };
      const sentAt = new Date().toISOString();
      if (status === "rejected") this.#settled.set(id, { ...entry, error: receipt.error });
      // The server's copy comes later, or never: a relayed message does not come back to its sender.
      else if (status === "delivered") {
        this.#settled.set(id, delivered(id, { id, ...fields, from: this.parts.client.user, sentAt }));
        this.#unplaced.add(id);
      } else this.#settled.set(id, entry);
      this.#show();
    });
    return sending;
  }

  #retry(id: string): void {
    const entry = this.#settled.get(id);
    if (!entry || entry.status === "delivered") return;
    this.#settled.delete(id);
    this.#send(entry.message);
  }

  #receive({ type: _, ...message }: AnyMessage): void {
    // A relayed message has an id only where the contract gives it one.
    const { id = `#${++this.#lastId}` } = message as { id?: string };
    this.#sending.delete(id);
    if (this.#unplaced.delete(id)) this.#settled.delete(id);
    this.#settled.set(id, delivered(id, message));
    this.#fresh.add(id);
    this.#update();
  }

  protected override async run(): Promise<void> {
    if (!this.options.load) return;
    this.#fresh.clear();
    await super.run();
  }

  protected async attempt(signal: AbortSignal): Promise<() => Partial<MessageListState>> {
    const rows = (await this.options.load?.({ signal })) ?? [];
    return () => ({ entries: this.#replace(rows) });
  }

  protected forget(): void {
    this.#settled.clear();
    this.#sending.clear();
    this.#show();
  }

  /** Takes the history in place of the list, but for what came live since, and what the server has not delivered. */
  #replace(rows: readonly Row[]): readonly AnyEntry[] {
    const loaded = new Map(rows.map((row) => [row.id, this.#entryOf(row)]));
    for (const id of loaded.keys()) this.#sending.delete(id);
    for (const [id, entry] of this.#settled)
      if (!loaded.has(id) && (this.#fresh.has(id) || entry.status !== "delivered")) loaded.set(id, entry);
    this.#settled = loaded;
    this.#unplaced.clear();
    this.#isLoaded = true;
    return this.#list();
  }

  /** The same entry when the row says nothing new. */
  #entryOf(row: Row): AnyEntry {
    const known = this.#settled.get(row.id);
    const isKnown = known?.status === "delivered" && JSON.stringify(known.message) === JSON.stringify(row);
    return isKnown ? known : delivered(row.id, row);
  }

  /** Shows the list, now or at the end of the frame that began when it was last shown. */
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
    this.set({ ...this.get(), entries: this.#list() });
  }

  /** The newest entries: the same list until it changes. */
  #list(): readonly AnyEntry[] {
    const { limit = 500 } = this.options;
    let surplus = this.#settled.size + this.#sending.size - limit;
    for (const id of this.#settled.keys()) if (surplus-- > 0) this.#settled.delete(id);
    const { entries } = this.get();
    const list = [...this.#settled.values(), ...this.#sending.values()];
    return isSame(list, entries) ? entries : list;
  }
}

function delivered(id: string, message: object): AnyEntry {
  return { id, status: "delivered", message };
}

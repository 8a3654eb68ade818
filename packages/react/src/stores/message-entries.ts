// The entries of a message list, each id once, in the order of the server; unanswered ones follow at the end, in the
// order of sending. Owned by one `MessageList`, which reports what was sent, received and loaded.
import type { SendError } from "@halyard/client";

/** A message of the history. */
export interface Row {
  readonly id: string;
}

export interface AnyEntry {
  readonly id: string;
  readonly status: "sending" | "delivered" | "rejected" | "expired" | "unknown";
  readonly message: object;
  readonly error?: SendError;
}

export class MessageEntries {
  #settled = new Map<string, AnyEntry>();
  #sending = new Map<string, AnyEntry>();
  /** The sent messages whose receipts, of any status, came before their copies; the copy determines the position of a message. */
  readonly #unplaced = new WeakSet();
  /** The entries that arrived live, or were answered, since the history was last requested. */
  #fresh = new WeakSet<AnyEntry>();
  /** The messages that were being sent when another user signed in. */
  #hidden = new Map<string, AnyEntry>();
  #isLoaded = false;
  /** How many rows came from older pages; they are kept in addition to the newest entries. */
  #olderCount = 0;

  /** The id of the oldest message, before which older pages begin. */
  get oldestId(): string | undefined {
    return [...this.#settled.values()].find(({ status }) => status === "delivered")?.id;
  }

  /** Inserts the initial history before the list. @returns false if the history is already loaded */
  addInitial(rows: readonly Row[]): boolean {
    if (this.#isLoaded || rows.length === 0) return false;
    this.#settled = new Map([...rows.map(loaded), ...this.#settled]);
    return true;
  }

  send(id: string, message: object): void {
    this.#sending.set(id, { id, status: "sending", message });
  }

  /** @param change the content of the receipt @returns whether the list changes; not if the copy has already arrived */
  settle(id: string, change: Omit<AnyEntry, "id">): boolean {
    // The client rejects what an earlier user was sending, or leaves it unknown.
    const isOfNext = change.status === "delivered" && this.#hidden.has(id) && !this.#settled.has(id);
    if (!isOfNext && !this.#sending.delete(id)) return false;
    // The server's copy comes later, or never, because a relayed message is not sent back to its sender.
    this.#unplaced.add(this.#put({ id, ...change }));
    return true;
  }

  receive(id: string, message: object): void {
    this.#sending.delete(id);
    if (this.#unplaced.has(this.#settled.get(id) ?? {})) this.#settled.delete(id);
    this.#put({ id, status: "delivered", message });
  }

  /** Removes and returns an entry that was sent but not delivered. */
  takeFailed(id: string): AnyEntry | undefined {
    const entry = this.#settled.get(id);
    if (entry?.status === "delivered") return undefined;
    this.#settled.delete(id);
    return entry;
  }

  /** Call when the history is requested: messages that arrive live from now on may not be in it. */
  beginLoad(): void {
    this.#fresh = new WeakSet();
  }

  /** Whether messages may be missing between the list, as it was when the history was requested, and the rows, whose first is given. */
  isApartFrom(first: Row | undefined): boolean {
    return (
      this.#isLoaded &&
      !!first &&
      !this.#settled.has(first.id) &&
      [...this.#settled.values()].some((entry) => entry.status === "delivered" && !this.#fresh.has(entry))
    );
  }

  /**
   * Replaces the list by the newest rows, but keeps older entries that connect to the rows, entries that arrived live since, and
   * entries that the server has not delivered.
   *
   * @returns whether the rows connect to older entries
   */
  replace(rows: readonly Row[]): boolean {
    const ids = new Set(rows.map(({ id }) => id));
    const entries = [...this.#settled];
    // None where the list does not have the first row.
    const before = entries.splice(
      0,
      entries.findIndex(([id]) => id === rows[0]?.id),
    );
    const after = entries
      .filter(([, entry]) => this.#fresh.has(entry) || entry.status !== "delivered")
      // An own relayed message may have an id of the contract, too.
      .filter(([id, { message }]) => !ids.has(id) && !ids.has((message as Row).id));
    const newest = rows.map((row) => [row.id, this.#entryOf(row)] as const);
    for (const id of ids) this.#sending.delete(id);
    this.#settled = new Map([...before, ...newest, ...after]);
    this.#isLoaded = true;
    if (before.length === 0) this.#olderCount = 0;
    return before.length > 0;
  }

  /** Inserts the rows of an older page before the list. @returns whether any of them was new */
  prepend(rows: readonly Row[]): boolean {
    const added = rows.filter(({ id }) => !this.#settled.has(id));
    this.#settled = new Map([...added.map(loaded), ...this.#settled]);
    this.#olderCount += added.length;
    return added.length > 0;
  }

  /** Keeps the newest entries up to a limit, and the rows of older pages. @returns whether any entry was removed */
  trim(limit: number): boolean {
    const surplus = this.#settled.size + this.#sending.size - limit - this.#olderCount;
    if (surplus <= 0) return false;
    for (const id of [...this.#settled.keys()].slice(0, surplus)) this.#settled.delete(id);
    return true;
  }

  all(): readonly AnyEntry[] {
    return [...this.#settled.values(), ...this.#sending.values()];
  }

  /** Forgets the list of an earlier user. What is being sent may be of the next one already: that is shown with its receipt. */
  clear(): void {
    this.#settled.clear();
    this.#hidden = this.#sending;
    this.#sending = new Map();
    this.#olderCount = 0;
  }

  #put(entry: AnyEntry): AnyEntry {
    this.#settled.set(entry.id, entry);
    this.#fresh.add(entry);
    return entry;
  }

  /** The entry of a row: the existing one if the row contains nothing new. */
  #entryOf(row: Row): AnyEntry {
    const known = this.#settled.get(row.id);
    const isKnown = known?.status === "delivered" && JSON.stringify(known.message) === JSON.stringify(row);
    return isKnown ? known : loaded(row)[1];
  }
}

function loaded(row: Row): readonly [id: string, entry: AnyEntry] {
  return [row.id, { id: row.id, status: "delivered", message: row }];
}

// What the subscribers of one presence list are sent: the list, and then the changes in batches.
// The presence hub creates one view for everyone and one per room.
// Every subscriber sees exactly the changes that came after its list; the cost grows with changes, not with changes times joins.

import { encodeFrame, LIMITS } from "@halyard/protocol/wire";
import type { PresenceEvent, RosterEntry, RosterPage } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { ThrottledValue } from "../utils/throttled-value.ts";
import type { Clock } from "../types.ts";

/** What a view works with. */
export interface PresenceViewOptions {
  readonly room: string | undefined;
  readonly channel: string;
  readonly clock: Clock;
  readonly batchMs: number;
  readonly firstPage: () => Promise<RosterPage>;
  readonly onError: (error: unknown) => void;
}

type Change =
  | { readonly kind: "joined"; readonly entry: RosterEntry; readonly isNew: boolean }
  | { readonly kind: "left" };

/**
 * The presence of everyone or of one room, for the connections of this node. Changes are collected into batches, and all
 * connections that wait for the list get the same list right after a batch.
 */
export class PresenceView {
  readonly #options: PresenceViewOptions;
  readonly #subscribers = new Set<Connection>();
  /** Connections that wait for a list that has not been read yet. */
  #awaitingList = new Set<Connection>();
  /** Connections that wait for the list that is being read. */
  #awaitingRead = new Set<Connection>();
  #changes = new Map<string, Change>();
  /** The roster after the last batch, and its frame once a connection needs it. */
  #page: RosterPage | undefined;
  #listFrame: OutboundFrame | undefined;
  #timer: unknown;
  readonly #totals: ThrottledValue;
  #isFlushing = false;

  constructor(options: PresenceViewOptions) {
    this.#options = options;
    this.#totals = new ThrottledValue(options.clock, (total) => {
      this.#broadcast("user_joined", `"users":[]`, total);
    });
  }

  get isUnused(): boolean {
    return this.#subscribers.size === 0 && this.#awaitingList.size === 0 && this.#awaitingRead.size === 0;
  }

  /** Sends the list, and from then on the changes. */
  add(connection: Connection): void {
    this.remove(connection);
    if (this.#page !== undefined && this.#canReuseList(this.#page)) {
      this.#listFrame ??= this.#createListFrame(this.#page);
      connection.push(this.#listFrame);
      this.#subscribers.add(connection);
      return;
    }
    this.#awaitingList.add(connection);
    if (this.#timer === undefined) this.#flush();
  }

  /** The list of the last batch is current, or subscribers get totals only until a new list ends that. */
  #canReuseList({ total }: RosterPage): boolean {
    if (this.#totals.isActive && total > LIMITS.announcedUsers) return true;
    return this.#changes.size === 0 && !this.#isFlushing;
  }

  has(connection: Connection): boolean {
    return (
      this.#subscribers.has(connection) ||
      this.#awaitingList.has(connection) ||
      this.#awaitingRead.has(connection)
    );
  }

  remove(connection: Connection): void {
    this.#subscribers.delete(connection);
    this.#awaitingList.delete(connection);
    this.#awaitingRead.delete(connection);
  }

  changed(event: PresenceEvent): void {
    const [user, change] =
      event.kind === "left"
        ? ([event.user, { kind: "left" }] as const)
        : ([event.entry.user, event] as const);
    this.#collect(user, change);
    if (this.#timer === undefined) this.#flush();
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#totals.stop();
    this.#subscribers.clear();
    this.#awaitingList.clear();
    this.#awaitingRead.clear();
    this.#changes.clear();
  }

  /** A user who joins and leaves within one batch is not announced. */
  #collect(user: string, change: Change): void {
    const earlier = this.#changes.get(user);
    if (change.kind === "joined") {
      const isNew = earlier?.kind === "joined" ? earlier.isNew : earlier === undefined && change.isNew;
      this.#changes.set(user, { kind: "joined", entry: change.entry, isNew });
    } else if (earlier?.kind === "joined" && earlier.isNew) this.#changes.delete(user);
    else this.#changes.set(user, { kind: "left" });
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#startBatchTimer();
    const changes = this.#changes;
    this.#changes = new Map();
    this.#awaitingRead = this.#awaitingList;
    this.#awaitingList = new Set();
    try {
      // The page is read in the turn in which the changes are taken: it holds all of them, and no later one.
      const page = unwrapResolved(this.#options.firstPage());
      if (page instanceof Promise) void this.#completeFlushAsync(changes, page);
      else this.#completeFlush(changes, page);
    } catch (error) {
      this.#fail(changes, error);
    }
  }

  async #completeFlushAsync(changes: Map<string, Change>, page: Promise<RosterPage>): Promise<void> {
    try {
      this.#completeFlush(changes, await page);
    } catch (error) {
      this.#fail(changes, error);
    }
  }

  #completeFlush(changes: ReadonlyMap<string, Change>, page: RosterPage): void {
    if (this.#subscribers.size > 0 && changes.size > 0) this.#announce(changes, page);
    this.#sendList(page);
    this.#endFlush();
  }

  #fail(changes: Map<string, Change>, error: unknown): void {
    this.#requeue(changes);
    this.#endFlush();
    this.#options.onError(error);
  }

  #endFlush(): void {
    this.#isFlushing = false;
    if (this.#isPending && this.#timer === undefined) this.#startBatchTimer();
  }

  get #isPending(): boolean {
    return this.#changes.size > 0 || this.#awaitingList.size > 0;
  }

  /** After a batch interval without a change, the next change is sent at once. */
  #startBatchTimer(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#isPending) this.#flush();
    }, this.#options.batchMs);
  }

  /** After a failed read, the changes are sent with the next batch. */
  #requeue(changes: Map<string, Change>): void {
    const newerChanges = this.#changes;
    this.#changes = changes;
    for (const [user, change] of newerChanges) this.#collect(user, change);
    for (const connection of this.#awaitingRead) this.#awaitingList.add(connection);
    this.#awaitingRead = new Set();
  }

  #sendList(page: RosterPage): void {
    // If nothing has changed during the read, the list also serves the connections that came during it.
    const isCurrent = this.#changes.size === 0;
    const recipients = isCurrent ? [...this.#awaitingRead, ...this.#awaitingList] : [...this.#awaitingRead];
    this.#awaitingRead = new Set();
    this.#page = page;
    this.#listFrame = undefined;
    if (isCurrent) this.#awaitingList = new Set();
    if (recipients.length === 0) return;
    const list = this.#createListFrame(page);
    this.#listFrame = list;
    for (const connection of recipients) {
      if (connection.stage === "closed") continue;
      connection.push(list);
      this.#subscribers.add(connection);
    }
  }

  #createListFrame(page: RosterPage): OutboundFrame {
    const { room, channel } = this.#options;
    const users = `[${page.entries.map(publicUserJson).join(",")}]`;
    const roomField = room === undefined ? "" : `"room":${JSON.stringify(room)},`;
    const cursorField = page.cursor === undefined ? "" : `,"cursor":${JSON.stringify(page.cursor)}`;
    const json = `{"type":"user_list",${roomField}"users":${users},"total":${String(page.total)}${cursorField}}`;
    return new OutboundFrame(encodeFrame(json, { ch: channel }));
  }

  #announce(changes: ReadonlyMap<string, Change>, page: RosterPage): void {
    const { total } = page;
    if (total > LIMITS.announcedUsers) {
      this.#totals.set(total);
      return;
    }
    if (this.#totals.stop()) {
      // Subscribers that got totals only need the whole list.
      const list = this.#createListFrame(page);
      for (const connection of this.#subscribers) connection.push(list);
      return;
    }
    const joined: string[] = [];
    const left: string[] = [];
    for (const [user, change] of changes) {
      if (change.kind === "joined") joined.push(publicUserJson(change.entry));
      else left.push(JSON.stringify(user));
    }
    if (joined.length > 0) this.#broadcast("user_joined", `"users":[${joined.join(",")}]`, total);
    if (left.length > 0) this.#broadcast("user_left", `"userIds":[${left.join(",")}]`, total);
  }

  #broadcast(type: "user_joined" | "user_left", fields: string, total: number): void {
    const { room, channel } = this.#options;
    const roomField = room === undefined ? "" : `"room":${JSON.stringify(room)},`;
    const frame = new OutboundFrame(
      encodeFrame(`{"type":"${type}",${roomField}${fields},"total":${String(total)}}`, { ch: channel }),
    );
    for (const connection of this.#subscribers) connection.push(frame);
  }
}

/** The public fields of a user as JSON text. The profile is stored as text, so that it is encoded once. */
export function publicUserJson({ profile, since }: Pick<RosterEntry, "profile" | "since">): string {
  return `${profile.slice(0, -1)},"connectedAt":"${new Date(since).toISOString()}"}`;
}

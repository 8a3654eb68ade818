// The list of one channel's users for the subscribers of this node: read when one needs it, and kept up by changes.
// The presence hub creates one view for everyone and one per room; presence-announcer.ts sends the changes.
// Every subscriber sees exactly the changes that came after its list: pages and events have positions, and either may be late.
import type { PresenceEvent, RosterPage } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { OutboundFrame } from "../delivery/outbound-frame.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import { LIMITS } from "@halyard/protocol/wire";
import { PresenceAnnouncer } from "./presence-announcer.ts";
import type { AnnouncerOptions } from "./presence-announcer.ts";
import { listFrame } from "./presence-frames.ts";

/** What a view works with. */
export interface PresenceViewOptions extends AnnouncerOptions {
  readonly firstPage: () => Promise<RosterPage>;
  readonly onError: (error: unknown) => void;
}

/** How long a page is left alone after it could not be read. */
const RETRY_MS = 1_000;
/** After so many batches without the events that a page holds, they are taken for lost. */
const MAX_HELD_BATCHES = 20;

/** The presence of everyone or of one room, for this node. A page is read once for all that wait, at most once per batch. */
export class PresenceView {
  readonly #options: PresenceViewOptions;
  readonly #announcer: PresenceAnnouncer;
  /** Connections that wait for a list that has not been read yet. */
  #awaitingList = new Set<Connection>();
  /** Connections that wait for the list that is being read. */
  #awaitingRead: Set<Connection> | undefined;
  /** A page that holds events which have not come yet: the subscribers are told of them before others get the list. */
  #held: { readonly page: RosterPage; readonly readers: ReadonlySet<Connection> } | undefined;
  #heldBatches = 0;
  /** Events that came while a page was read or held, which may be in it or not. */
  #arrived: PresenceEvent[] = [];
  /** The offset of the latest event of each stream. */
  #seen: number[] = [];
  /** The page read last, until an event makes it old, and its frame once a connection needs it. */
  #page: RosterPage | undefined;
  #isPageCurrent = false;
  #listFrame: OutboundFrame | undefined;
  /** Events may be lost: the list is read, and tells all subscribers in place of changes, which may be of unknown users. */
  #mustRelist = false;
  /** The offsets up to which the subscribers certainly know everything, while events may be lost. */
  #toldUpTo: readonly number[] | undefined;
  /** The subscribers were sent totals only, or no changes: they need the list, whatever came since. */
  #lackChanges = false;
  /** Runs for a batch interval after each read. */
  #readTimer: unknown;
  #hasReadFailed = false;

  constructor(options: PresenceViewOptions) {
    this.#options = options;
    this.#announcer = new PresenceAnnouncer(options, {
      onBatch: () => {
        this.#readIfDue();
      },
      onIncomplete: () => {
        this.#isPageCurrent = false;
        this.#mustRelist = this.#lackChanges = true;
      },
      onCaughtUp: (connection) => {
        if (connection.stage !== "closed") this.add(connection);
      },
    });
  }

  get isUnused(): boolean {
    const isAwaited = this.#awaitingRead !== undefined && this.#awaitingRead.size > 0;
    return this.#announcer.subscribers.size === 0 && this.#awaitingList.size === 0 && !isAwaited;
  }

  /** Sends the list, and from then on the changes. */
  add(connection: Connection): void {
    this.remove(connection);
    if (this.#page !== undefined && this.#canReuseList(this.#page)) {
      connection.push(this.#frameOf(this.#page));
      this.#announcer.subscribers.add(connection);
      return;
    }
    this.#awaitingList.add(connection);
    this.#readIfDue();
  }

  /** The list is current, or subscribers get totals only until a new list ends that. */
  #canReuseList({ total }: RosterPage): boolean {
    if (this.#announcer.isTotalsOnly && total > LIMITS.announcedUsers) return true;
    return this.#isPageCurrent && this.#announcer.isIdle && !this.#isReading;
  }

  has(connection: Connection): boolean {
    return (
      this.#announcer.subscribers.has(connection) ||
      this.#awaitingList.has(connection) ||
      this.#awaitingRead?.has(connection) === true
    );
  }

  remove(connection: Connection): void {
    this.#announcer.remove(connection);
    this.#awaitingList.delete(connection);
    this.#awaitingRead?.delete(connection);
  }

  changed(event: PresenceEvent): void {
    const { stream, off } = event;
    if (off <= (this.#seen[stream] ?? 0)) return;
    this.#seen[stream] = off;
    this.#isPageCurrent = false;
    if (this.#isReading) {
      this.#arrived.push(event);
      this.#completeRead();
    } else if (this.#mustRelist) this.#lackChanges = true;
    else this.#announceLater([event]);
  }

  #announceLater(events: readonly PresenceEvent[]): void {
    for (const event of events) this.#announcer.add(event);
    this.#announcer.announceLater();
  }

  /** Events before the next one may be lost, also those in a page that is being read. {@link relist} follows. */
  interrupted(): void {
    this.#toldUpTo ??= [...this.#seen];
    this.#mustRelist = true;
    this.#isPageCurrent = false;
    this.#abandonRead();
  }

  /** Reads the list after an interruption; every subscriber is sent it if it has moved. */
  relist(): void {
    this.#readIfDue();
  }

  /** Does what the end of an interval would do, for the test network. @returns whether there was anything */
  endInterval(): boolean {
    const isReadDue = this.#readTimer !== undefined && this.#awaitingList.size > 0;
    const hadStates = this.#announcer.endStateInterval();
    if (this.#isReading || this.#hasReadFailed || (this.#announcer.isIdle && !isReadDue)) return hadStates;
    this.#options.clock.clearTimeout(this.#readTimer);
    this.#readTimer = undefined;
    this.#announcer.flush();
    return true;
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#readTimer);
    this.#announcer.close();
    this.#awaitingList.clear();
    this.#awaitingRead = undefined;
    this.#arrived = [];
  }

  get #isReading(): boolean {
    return this.#awaitingRead !== undefined;
  }

  /** Reads the list for the connections that wait, unless it was just read. A batch that is collected goes out first. */
  #readIfDue(): void {
    if (this.#awaitingList.size === 0 && !this.#mustRelist) return;
    if (this.#isReading || this.#readTimer !== undefined || !this.#announcer.isIdle) return;
    this.#startReadTimer();
    this.#heldBatches = 0;
    const readers = (this.#awaitingRead = this.#awaitingList);
    this.#awaitingList = new Set();
    try {
      const page = unwrapResolved(this.#options.firstPage());
      if (page instanceof Promise) page.then((read) => this.#hold(read, readers)).catch(this.#fail);
      else this.#hold(page, readers);
    } catch (error) {
      this.#fail(error);
    }
  }

  #startReadTimer(ms = this.#options.batchMs): void {
    this.#readTimer = this.#options.clock.setTimeout(() => {
      this.#readTimer = undefined;
      if (this.#held === undefined) this.#readIfDue();
      else {
        if (++this.#heldBatches > MAX_HELD_BATCHES) this.#mustRelist = true;
        this.#startReadTimer();
        this.#completeRead();
      }
    }, ms);
  }

  #hold(page: RosterPage, readers: Set<Connection>): void {
    if (this.#awaitingRead !== readers) return;
    this.#hasReadFailed = false;
    this.#held = { page, readers };
    this.#completeRead();
  }

  /** After a failed read, the list is read again a second later. */
  readonly #fail = (error: unknown): void => {
    this.#hasReadFailed = true;
    this.#abandonRead();
    this.#options.onError(error);
    const { clock } = this.#options;
    clock.clearTimeout(this.#readTimer);
    this.#startReadTimer(RETRY_MS * (0.5 + clock.random() / 2));
  };

  #abandonRead(): void {
    for (const connection of this.#awaitingRead ?? []) this.#awaitingList.add(connection);
    this.#awaitingRead = undefined;
    this.#held = undefined;
    const arrived = this.#arrived.splice(0);
    if (this.#mustRelist) this.#lackChanges ||= arrived.length > 0;
    else this.#announceLater(arrived);
  }

  /** Sends the list that was read, once every event in it has come. */
  #completeRead(): void {
    if (this.#held === undefined) return;
    const { page, readers } = this.#held;
    if (this.#announcer.subscribers.size > 0 && !this.#mustRelist && !this.#hasSeen(page)) {
      // A read that ended long ago left no timer.
      if (this.#readTimer === undefined) this.#startReadTimer();
      return;
    }
    this.#held = undefined;
    this.#awaitingRead = undefined;
    const later = this.#takeArrivedAfter(page);
    const needList = this.#lackChanges || (this.#mustRelist && !this.#isKnown(page));
    const relisted = needList ? [...this.#announcer.subscribers] : [];
    this.#mustRelist = this.#lackChanges = false;
    this.#toldUpTo = undefined;
    if (relisted.length > 0) this.#announcer.drop();
    else this.#announcer.announceNow();
    for (const [stream, off] of page.at.entries())
      this.#seen[stream] = Math.max(off, this.#seen[stream] ?? 0);
    this.#page = page;
    this.#listFrame = undefined;
    this.#isPageCurrent = later.length === 0;
    // If nothing has changed during the read, the list also serves the connections that came during it.
    const newest = this.#isPageCurrent ? this.#awaitingList : [];
    if (this.#isPageCurrent) this.#awaitingList = new Set();
    this.#sendList(page, [...relisted, ...readers, ...newest]);
    this.#announceLater(later);
    this.#readIfDue();
  }

  /** Moves the events that a page holds into the batch. @returns the others */
  #takeArrivedAfter({ at }: RosterPage): PresenceEvent[] {
    const later: PresenceEvent[] = [];
    for (const event of this.#arrived.splice(0)) {
      if (event.off <= (at[event.stream] ?? 0)) this.#announcer.add(event);
      else later.push(event);
    }
    return later;
  }

  #hasSeen({ at }: RosterPage): boolean {
    return at.every((off, stream) => (this.#seen[stream] ?? 0) >= off);
  }

  /** Whether the subscribers have been told of all that a page holds, and of nothing else. */
  #isKnown({ at }: RosterPage): boolean {
    const told = this.#toldUpTo ?? this.#seen;
    return told.length === at.length && at.every((off, stream) => told[stream] === off);
  }

  #sendList(page: RosterPage, recipients: readonly Connection[]): void {
    if (recipients.length === 0) return;
    const list = this.#frameOf(page);
    for (const connection of recipients) {
      if (connection.stage === "closed") continue;
      connection.push(list);
      this.#announcer.subscribers.add(connection);
    }
  }

  #frameOf(page: RosterPage): OutboundFrame {
    this.#announcer.onList(page.total);
    return (this.#listFrame ??= listFrame(this.#options, page, this.#announcer.listedStates(page.total)));
  }
}

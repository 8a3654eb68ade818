// The list of one channel's users for the subscribers of this node: read when one of them needs it, and kept current by changes.
// The presence hub creates one view for everyone and one per room; presence-announcer.ts sends the changes.
// Every subscriber sees exactly the changes after its list: pages and events have positions, and either may arrive late.
import { isPromise } from "@halyard/protocol/internal";
import type { PresenceEvent, RosterPage } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { OutboundFrame } from "../delivery/outbound-frame.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import { LIMITS } from "@halyard/protocol/wire";
import { PresenceAnnouncer } from "./presence-announcer.ts";
import type { AnnouncerOptions } from "./presence-announcer.ts";
import { listFrame } from "./presence-frames.ts";

/** The dependencies of {@link PresenceView}. */
export interface PresenceViewOptions extends AnnouncerOptions {
  readonly firstPage: () => Promise<RosterPage>;
  readonly onError: (error: unknown) => void;
}

/** How long to wait after a page could not be read. */
const RETRY_MS = 1_000;
/** After this many batches without the events that a held page waits for, they count as lost. */
const MAX_HELD_BATCHES = 20;
/** How old a list may be that is sent again while the subscribers get only totals. */
const REUSED_MS = 2_000;

/** The presence of all users or of one room, for this node. A page is read once for all waiting connections, at most once per batch. */
export class PresenceView {
  readonly #options: PresenceViewOptions;
  readonly #announcer: PresenceAnnouncer;
  /** The connections that wait for a list that is not being read yet. */
  #awaitingList = new Set<Connection>();
  /** The connections that wait for the list that is being read. */
  #awaitingRead: Set<Connection> | undefined;
  /** A page that includes events which have not arrived yet: they are announced before waiting connections get the list. */
  #held: { readonly page: RosterPage; readonly readers: ReadonlySet<Connection> } | undefined;
  #heldBatches = 0;
  /** The events that arrived while a page was read or held; the page may include them or not. */
  #arrived: PresenceEvent[] = [];
  /** The offset of the latest event of each stream. */
  #seen: number[] = [];
  /** The page that was read last, until an event outdates it; below, its frame once a connection needs it. */
  #page: RosterPage | undefined;
  /** When that page was read, in ms of the clock. */
  #readAt = 0;
  #isPageCurrent = false;
  #listFrame: OutboundFrame | undefined;
  /** Events may be lost, so the list is read again and sent to all subscribers instead of changes, which may concern unknown users. */
  #mustRelist = false;
  /** While events may be lost: the offsets up to which the subscribers certainly know everything. */
  #toldUpTo: readonly number[] | undefined;
  /** The subscribers got only totals, or no changes, so they need the list even if nothing has changed since. */
  #lackChanges = false;
  /** The timer of the batch interval after a read. */
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
    return this.#announcer.isUnused && this.#awaitingList.size === 0 && !isAwaited;
  }

  /** Adds a subscriber: sends the list, and then the changes. */
  add(connection: Connection): void {
    this.remove(connection);
    if (
      this.#page !== undefined &&
      this.#canReuseList(this.#page) &&
      this.#mayInclude(this.#page, connection)
    ) {
      this.#announcer.subscribe(connection, this.#frameOf(this.#page));
      if (!this.#isPageCurrent) this.#announcer.repeatTotal();
      return;
    }
    this.#awaitingList.add(connection);
    this.#readIfDue();
  }

  /** Whether the list that was read last can be sent: it is current, or it is recent and the subscribers get only totals anyway. */
  #canReuseList({ total }: RosterPage): boolean {
    if (this.#isPageCurrent && this.#announcer.isIdle && !this.#isReading) return true;
    const isRecent = this.#options.clock.now() - this.#readAt < REUSED_MS;
    return isRecent && this.#announcer.isTotalsOnly && total > LIMITS.announcedUsers;
  }

  /** Whether a list may go to a connection. The list for a member contains that member, even if the event of the join has not arrived. */
  #mayInclude({ cursor, entries }: RosterPage, { userId, rooms }: Connection): boolean {
    const { room } = this.#options;
    if (cursor !== undefined || (room !== undefined && rooms?.has(room) !== true)) return true;
    return entries.some(({ user }) => user === userId);
  }

  has(connection: Connection): boolean {
    return (
      this.#announcer.has(connection) ||
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

  /** Call when events before the next one may be lost, including those in a page that is being read. A call of {@link relist} follows. */
  interrupted(): void {
    this.#toldUpTo ??= [...this.#seen];
    this.#mustRelist = true;
    this.#isPageCurrent = false;
    this.#abandonRead();
  }

  /** Reads the list after an interruption; every subscriber gets it if it has changed. */
  relist(): void {
    this.#readIfDue();
  }

  /** Ends the current interval, for the test network. @returns whether there was anything to announce */
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

  /** Reads the list for the waiting connections, unless it was just read. A collected batch is sent first. */
  #readIfDue(): void {
    if (this.#awaitingList.size === 0 && !this.#mustRelist) return;
    if (this.#isReading || this.#readTimer !== undefined || !this.#announcer.isIdle) return;
    this.#startReadTimer();
    this.#heldBatches = 0;
    const readers = (this.#awaitingRead = this.#awaitingList);
    this.#awaitingList = new Set();
    try {
      const page = unwrapResolved(this.#options.firstPage());
      if (isPromise(page))
        page.then((read) => this.#hold(read, readers)).catch((error: unknown) => this.#fail(error, readers));
      else this.#hold(page, readers);
    } catch (error) {
      this.#fail(error, readers);
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

  /** Schedules another read one second after a failed one, unless it was given up, as by {@link close}. */
  #fail(error: unknown, readers: Set<Connection>): void {
    const { clock, onError } = this.#options;
    onError(error);
    if (this.#awaitingRead !== readers) return;
    this.#hasReadFailed = true;
    this.#abandonRead();
    clock.clearTimeout(this.#readTimer);
    this.#startReadTimer(RETRY_MS * (0.5 + clock.random() / 2));
  }

  #abandonRead(): void {
    for (const connection of this.#awaitingRead ?? []) this.#awaitingList.add(connection);
    this.#awaitingRead = undefined;
    this.#held = undefined;
    const arrived = this.#arrived.splice(0);
    if (this.#mustRelist) this.#lackChanges ||= arrived.length > 0;
    else this.#announceLater(arrived);
  }

  /** Sends the list that was read, once every event that it includes has arrived. */
  #completeRead(): void {
    if (this.#held === undefined) return;
    const { page, readers } = this.#held;
    if (this.#announcer.subscribers.size > 0 && !this.#mustRelist && !this.#hasSeen(page)) {
      // The timer of a read that ended long ago has already run.
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
    this.#readAt = this.#options.clock.now();
    this.#listFrame = undefined;
    this.#isPageCurrent = later.length === 0;
    // If nothing changed during the read, the list also serves the connections that were added meanwhile.
    const added = this.#isPageCurrent ? [...this.#awaitingList] : [];
    const newest = added.filter((connection) => this.#mayInclude(page, connection));
    for (const connection of newest) this.#awaitingList.delete(connection);
    this.#sendList(page, [...relisted, ...readers, ...newest]);
    this.#announceLater(later);
    this.#readIfDue();
  }

  /** Moves the arrived events that a page includes into the batch. @returns the other events */
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

  /** Whether the subscribers have been told exactly what a page includes. */
  #isKnown({ at }: RosterPage): boolean {
    const told = this.#toldUpTo ?? this.#seen;
    return told.length === at.length && at.every((off, stream) => told[stream] === off);
  }

  #sendList(page: RosterPage, recipients: readonly Connection[]): void {
    if (recipients.length === 0) return;
    const list = this.#frameOf(page);
    for (const connection of recipients) {
      if (connection.stage !== "closed") this.#announcer.subscribe(connection, list);
    }
  }

  #frameOf(page: RosterPage): OutboundFrame {
    this.#announcer.onList(page.total);
    return (this.#listFrame ??= listFrame(this.#options, page, this.#announcer.listedStates(page.total)));
  }
}

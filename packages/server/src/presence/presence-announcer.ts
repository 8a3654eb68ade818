// Sends the subscribers of one presence list the changes between lists, in batches, and only totals in large channels.
// Called by PresenceView, which sends the lists and decides which events are announced.
// Guarantees: after a batch interval without a change, the next change is sent at once; states have their own interval; a
// subscriber that was not sent a change, because it reads slowly or because the room is large, gets a list; a slow reader gets it later.
import type { PresenceEvent, RosterEntry } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import { LateReaders } from "../delivery/late-readers.ts";
import type { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Clock } from "../types.ts";
import { ThrottledValue } from "../utils/throttled-value.ts";
import { LIMITS } from "@halyard/protocol/wire";
import { PresenceBatch } from "./presence-batch.ts";
import { groupsOf, joinedFrame, leftFrame, publicUserJson, stateFrame } from "./presence-frames.ts";
import type { PresenceScope } from "./presence-frames.ts";

/** The dependencies of {@link PresenceAnnouncer}. */
export interface AnnouncerOptions extends PresenceScope {
  readonly clock: Clock;
  readonly batchMs: number;
  /** How often changes of states are sent, up to how many users, and above how many waiting bytes a subscriber does not get them. */
  readonly states: { readonly intervalMs: number; readonly users: number; readonly slowBytes: number };
}

/** What an announcer reports to its view. */
export interface AnnouncerOwner {
  /** A batch interval has ended, and its changes were announced. */
  onBatch(): void;
  /** All subscribers need a list, because they were not told all changes. */
  onIncomplete(): void;
  /** One subscriber needs a list, because it reads again. */
  onCaughtUp(connection: Connection): void;
}

/** Holds the subscribers of a list, and the changes that they have not been sent yet. */
export class PresenceAnnouncer {
  readonly subscribers = new Set<Connection>();
  readonly #options: AnnouncerOptions;
  readonly #owner: AnnouncerOwner;
  readonly #batch = new PresenceBatch();
  readonly #totals: ThrottledValue;
  readonly #lateReaders: LateReaders<Connection>;
  /** The timer of the batch interval after an announcement. */
  #batchTimer: unknown;
  /** The timer of the interval after an announcement of states. */
  #stateTimer: unknown;
  /** Whether the latest list, and the changes since then, included states. */
  #announcesStates = true;

  constructor(options: AnnouncerOptions, owner: AnnouncerOwner) {
    this.#options = options;
    this.#owner = owner;
    const { clock, states } = options;
    this.#totals = new ThrottledValue(clock, (total) => {
      this.#broadcast(joinedFrame(options, [], total));
    });
    const onCaughtUp = (connection: Connection): void => owner.onCaughtUp(connection);
    this.#lateReaders = new LateReaders({ clock, slowBytes: states.slowBytes, onCaughtUp });
  }

  /** Whether nothing waits to be announced, except perhaps changes of states. */
  get isIdle(): boolean {
    return this.#batch.isEmpty;
  }

  /** Whether the subscribers get only totals. */
  get isTotalsOnly(): boolean {
    return this.#totals.isActive;
  }

  /** How many users a list of `total` users shows with their states. */
  listedStates(total: number): number {
    return total > this.#options.states.users ? 0 : LIMITS.listedStates;
  }

  /** Whether nothing is to be sent to anyone, now or later. */
  get isUnused(): boolean {
    return this.subscribers.size === 0 && this.#lateReaders.size === 0;
  }

  has(connection: Connection): boolean {
    return this.subscribers.has(connection) || this.#lateReaders.has(connection);
  }

  /** Sends a connection the list, and from then on the changes: once it has read what was sent to it before. */
  subscribe(connection: Connection, list: OutboundFrame): void {
    if (this.#lateReaders.isBehind(connection)) {
      this.subscribers.delete(connection);
      this.#lateReaders.add(connection);
      return;
    }
    connection.push(list);
    this.subscribers.add(connection);
  }

  remove(connection: Connection): void {
    this.subscribers.delete(connection);
    this.#lateReaders.remove(connection);
  }

  /** Call when a list is sent to every subscriber. */
  onList(total: number): void {
    this.#announcesStates = this.listedStates(total) > 0;
  }

  add(event: PresenceEvent): void {
    this.#batch.add(event);
  }

  /** Sends the latest total again, where the subscribers get only totals, because one of them may not know it. */
  repeatTotal(): void {
    if (this.#totals.isActive) this.#totals.set(this.#batch.total);
  }

  /** Announces the added changes at the end of the current interval. */
  announceLater(): void {
    if (!this.#batch.isEmpty && this.#batchTimer === undefined) this.flush();
    if (this.#batch.hasStates && this.#stateTimer === undefined) this.#flushStates();
  }

  /** Ends the current interval now. */
  flush(): void {
    this.#options.clock.clearTimeout(this.#batchTimer);
    this.#batchTimer = this.#options.clock.setTimeout(() => {
      this.#batchTimer = undefined;
      if (!this.#batch.isEmpty) this.flush();
    }, this.#options.batchMs);
    this.#announceChanges();
    this.#owner.onBatch();
  }

  /** Announces all added changes now. */
  announceNow(): void {
    this.#announceChanges();
    this.#announceStates();
  }

  /** @returns whether there was anything */
  endStateInterval(): boolean {
    const { hasStates } = this.#batch;
    if (hasStates) this.#flushStates();
    return hasStates;
  }

  /** Drops the added changes, because a list will contain them. */
  drop(): void {
    this.#batch.take();
    this.#batch.takeStates();
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#batchTimer);
    this.#options.clock.clearTimeout(this.#stateTimer);
    this.#totals.stop();
    this.#lateReaders.close();
    this.subscribers.clear();
    this.drop();
  }

  #flushStates(): void {
    const { clock, states } = this.#options;
    clock.clearTimeout(this.#stateTimer);
    this.#stateTimer = clock.setTimeout(() => {
      this.#stateTimer = undefined;
      if (this.#batch.hasStates) this.#flushStates();
    }, states.intervalMs);
    this.#announceStates();
  }

  #announceChanges(): void {
    if (this.#batch.isEmpty) return;
    const { joined, left, total } = this.#batch.take();
    if (this.subscribers.size === 0) {
      this.#totals.stop();
      return;
    }
    if (total > LIMITS.announcedUsers) {
      this.#totals.set(total);
      return;
    }
    if (this.#totals.stop() || this.#hasCrossedBound(total)) {
      this.#owner.onIncomplete();
      return;
    }
    if (left.length > 0) this.#broadcast(leftFrame(this.#options, left, total));
    for (const users of groupsOf(this.#textsOf(joined)))
      this.#broadcast(joinedFrame(this.#options, users, total));
  }

  #announceStates(): void {
    if (!this.#batch.hasStates) return;
    const users = this.#textsOf(this.#batch.takeStates());
    if (!this.#announcesStates || this.#totals.isActive) return;
    const { total } = this.#batch;
    for (const group of groupsOf(users)) {
      const frame = stateFrame(this.#options, { users: group, total }, this.#onDropped);
      for (const connection of this.subscribers)
        if (!this.#lateReaders.has(connection)) connection.push(frame);
    }
  }

  /**
   * Whether the number of users crossed the bound for states, so that the subscribers' knowledge of states differs from
   * what a list would contain.
   */
  #hasCrossedBound(total: number): boolean {
    return this.listedStates(total) > 0 !== this.#announcesStates;
  }

  #textsOf(entries: readonly RosterEntry[]): readonly string[] {
    return entries.map((entry) => publicUserJson(entry, this.#announcesStates));
  }

  readonly #onDropped = (reader: object): void => {
    const connection = reader as Connection;
    if (this.subscribers.has(connection)) this.#lateReaders.add(connection);
  };

  #broadcast(frame: OutboundFrame): void {
    for (const connection of this.subscribers) connection.push(frame);
  }
}

// Tracks the users who are online, and the users in each room.
// The handshake and the rooms report the connections of this node; the backplane reports the changes of all nodes.
// Each subscriber gets one list and then every change after that list (see presence-view.ts).

import { isPromise } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, Eviction, PresenceEvent, PresenceOp, RosterPage } from "../backplane.ts";
import { roomChannel } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import { listUsers, userPage } from "./user-pages.ts";
import { PresenceStates } from "./presence-states.ts";
import { PresenceView } from "./presence-view.ts";
import { profileOf } from "../connection/public-profile.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock, UserList, UserPage } from "../types.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import { DeadlineError, isUnavailable } from "../utils/errors.ts";
import { rejectedPromise, unwrapResolved } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";

/** What the presence hub works with. */
export interface PresenceHubOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly limits: Pick<
    ServerLimits,
    "presenceBatchMs" | "presenceStateIntervalMs" | "presenceStateUsers" | "slowBytes"
  >;
  /** The limit of connections of one user on all nodes. */
  readonly limit: number;
  readonly monitor: Pick<BackplaneMonitor, "isAway" | "suspect">;
  readonly onError: (error: unknown) => void;
}

const NO_EVICTIONS: readonly Eviction[] = [];
/** How long a connection waits for its declaration: long enough for two calls whose replies are lost. */
const JOIN_MS = 3_500;

/** The time over which the lists are read again after an interruption. */
const INTERRUPTED_MS = 2_000;

/** How many operations one call to the backplane contains. */
const DECLARED_AT_ONCE = 200;

/** Reports this node's connections to the backplane, and the presence of all nodes to its subscribers. */
export class PresenceHub {
  readonly #options: PresenceHubOptions;
  readonly #views = new Map<string | undefined, PresenceView>();
  readonly #states: PresenceStates;
  /** Closes a connection that lost its slot, if no caller waits for the result any more. */
  onEvicted: (eviction: Eviction) => void = () => {};

  constructor(options: PresenceHubOptions) {
    this.#options = options;
    const { backplane, clock, limits } = options;
    const declare = (connection: Connection, room: string): Promise<unknown> =>
      this.#evictLater(backplane.applyPresence([this.#declarationOf(connection, room)]));
    this.#states = new PresenceStates({ clock, announcedUsers: limits.presenceStateUsers, declare });
  }

  /**
   * Declares that a connection is online, or in a room. A user who returns within the grace period has not left. If the backplane is away
   * or slow, the connection continues anyway; connections that lost their slot are closed when the declaration has taken effect.
   */
  join(connection: Connection, room?: string): Promise<readonly Eviction[]> {
    const applied = this.#options.backplane.applyPresence([this.#declarationOf(connection, room)]);
    if (!isPromise(unwrapResolved(applied))) return applied;
    if (!this.#options.monitor.isAway) return this.#joined(applied);
    void this.#evictLater(applied);
    return Promise.resolve(NO_EVICTIONS);
  }

  async #joined(applied: Promise<readonly Eviction[]>): Promise<readonly Eviction[]> {
    const { clock, monitor } = this.#options;
    try {
      return await withDeadline(applied, { clock, ms: JOIN_MS });
    } catch (error) {
      if (!(error instanceof DeadlineError || isUnavailable(error))) throw error;
      void this.#evictLater(applied);
      monitor.suspect();
      return NO_EVICTIONS;
    }
  }

  /** Never rejects. */
  #evictLater(applied: Promise<readonly Eviction[]>): Promise<void> {
    const evicting = applied.then((evictions) => {
      evictions.forEach(this.onEvicted);
    });
    return evicting.catch(this.#onError);
  }

  /**
   * Declares connections that are already open. After an interruption, this finds those that have lost their slot meanwhile;
   * if the store has lost this node, the rooms are declared as well. All calls are made in this turn.
   *
   * @returns resolves when the declarations have taken effect, and never rejects
   */
  declareAgain(connections: Iterable<Connection>, { rooms }: { readonly rooms: boolean }): Promise<unknown> {
    const declared: Promise<unknown>[] = [];
    const declare = (ops: readonly PresenceOp[]): void => {
      declared.push(this.#evictLater(this.#options.backplane.applyPresence(ops)));
    };
    let ops: PresenceOp[] = [];
    for (const connection of connections) {
      if (!isAdmitted(connection)) continue;
      ops.push(this.#declarationOf(connection, undefined));
      if (rooms) for (const room of connection.rooms ?? []) ops.push(this.#declarationOf(connection, room));
      if (ops.length < DECLARED_AT_ONCE) continue;
      declare(ops);
      ops = [];
    }
    if (ops.length > 0) declare(ops);
    return Promise.all(declared);
  }

  #declarationOf(connection: Connection, room: string | undefined): PresenceOp {
    const { userId: user, id: connectionId, attempt, openedAt } = connection;
    const profile = JSON.stringify(profileOf(connection.identity.user));
    if (room !== undefined) {
      const state = this.#states.of(connection, room);
      return { op: "+", room, user, connectionId, profile, ...(state && { state }) };
    }
    const { limit } = this.#options;
    const { client } = connection.client;
    return { op: "+", room, user, connectionId, profile, client, attempt, openedAt, limit };
  }

  /** Declares that a connection is closed or has left a room. Its user leaves after the grace period, unless another connection remains. */
  leave(
    connection: Connection,
    scope: { readonly room?: string | undefined; readonly graceMs: number },
  ): void {
    const { userId: user, id: connectionId } = connection;
    const { room, graceMs } = scope;
    if (room !== undefined) this.#states.end(connection, room);
    this.#options.backplane
      .applyPresence([{ op: "-", room, user, connectionId, graceMs }])
      .catch(this.#onError);
  }

  /** Declares that the profile of a user who is online or in a room has changed. A connection that is not admitted yet has no slot. */
  update(connection: Connection, room?: string): void {
    if (isAdmitted(connection)) this.join(connection, room).catch(this.#onError);
  }

  /** Sets the state of a connection in a room: an object as JSON text, which replaces the previous one. */
  show(connection: Connection, room: string, json: string): void {
    this.#states.set(connection, room, json);
  }

  isSubscribed(connection: Connection, room?: string): boolean {
    return this.#views.get(room)?.has(connection) === true;
  }

  /** Sends the list of users, and then each change. Does nothing before the welcome, which is followed by the lists. */
  subscribe(connection: Connection, room?: string): void {
    if (connection.stage !== "open") return;
    let view = this.#views.get(room);
    if (view === undefined) {
      view = this.#viewOf(room);
      this.#views.set(room, view);
    }
    view.add(connection);
  }

  unsubscribe(connection: Connection, room?: string): void {
    const view = this.#views.get(room);
    view?.remove(connection);
    // The view of all users is kept, because the next connection uses it.
    if (room === undefined || view?.isUnused !== true) return;
    view.close();
    this.#views.delete(room);
  }

  list(page: UserPage): Promise<UserList> {
    if (this.#options.monitor.isAway) return rejectedPromise(new HalyardError("unavailable"));
    return listUsers(this.#options.backplane, page);
  }

  readonly onPresence = (events: readonly PresenceEvent[]): void => {
    for (const event of events) this.#views.get(event.room)?.changed(event);
  };

  /** Call when presence events may have been missed. The lists are read one after the other within two seconds. */
  interrupted(): void {
    const { clock } = this.#options;
    for (const view of this.#views.values()) {
      view.interrupted();
      const waitMs = this.#views.size === 1 ? 0 : clock.random() * INTERRUPTED_MS;
      clock.setTimeout(() => {
        if (!view.isUnused) view.relist();
      }, waitMs);
    }
  }

  /** Announces the collected changes. @returns whether there were any */
  endIntervals(): boolean {
    return [...this.#views.values()].filter((view) => view.endInterval()).length > 0;
  }

  close(): void {
    for (const view of this.#views.values()) view.close();
    this.#views.clear();
  }

  readonly #onError = (error: unknown): void => {
    if (isUnavailable(error)) this.#options.monitor.suspect();
    else this.#options.onError(error);
  };

  #firstPage(room: string | undefined): Promise<RosterPage> {
    return this.#options.monitor.isAway
      ? rejectedPromise(new HalyardError("unavailable"))
      : userPage(this.#options.backplane, { room });
  }

  #viewOf(room: string | undefined): PresenceView {
    const { clock, limits } = this.#options;
    const { presenceStateIntervalMs: intervalMs, presenceStateUsers: users, slowBytes } = limits;
    const channel = room === undefined ? "all" : roomChannel(room);
    return new PresenceView({
      room,
      channel,
      clock,
      batchMs: limits.presenceBatchMs,
      states: { intervalMs, users, slowBytes },
      onError: this.#onError,
      firstPage: () => this.#firstPage(room),
    });
  }
}

/** Whether the connection is open and has been declared before. */
function isAdmitted({ stage, isConnected }: Connection): boolean {
  return stage === "handshaking" || stage === "open" || (stage === "opening" && isConnected);
}

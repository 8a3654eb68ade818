// Who is online, and who is in which room.
// The handshake and the rooms report the connections of this node; the backplane reports the changes of all nodes.
// Each subscriber gets one list and then every change after that list (see presence-view.ts).

import type { PublicUser } from "@halyard/protocol";
import { LIMITS } from "@halyard/protocol/wire";
import type { Backplane, Eviction, PresenceEvent, PresenceOp, RosterPage } from "../backplane.ts";
import { roomChannel } from "./channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import { publicUserJson } from "./presence-frames.ts";
import { PresenceView } from "./presence-view.ts";
import { profileOf } from "../connection/public-profile.ts";
import type { Clock, UserList, UserPage } from "../types.ts";

/** What the presence hub works with. */
export interface PresenceHubOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  /** How long changes are collected, in milliseconds. */
  readonly batchMs: number;
  /** Connections of one user on all nodes. */
  readonly limit: number;
  readonly onError: (error: unknown) => void;
}

/** In which time the lists are read after an interruption. */
const INTERRUPTED_MS = 2_000;

/** How many operations go to the backplane in one call. */
const DECLARED_AT_ONCE = 200;

/** Reports this node's connections to the backplane, and the presence of all nodes to its subscribers. */
export class PresenceHub {
  readonly #options: PresenceHubOptions;
  readonly #views = new Map<string | undefined, PresenceView>();

  constructor(options: PresenceHubOptions) {
    this.#options = options;
  }

  /** A connection is online, or in a room. A user who returns within the grace period has not left. */
  join(connection: Connection, room?: string): Promise<readonly Eviction[]> {
    return this.#options.backplane.applyPresence([this.#declarationOf(connection, room)]);
  }

  /**
   * Declares connections that are open already. After an interruption that finds those that have lost their slot meanwhile;
   * a store that has lost this node needs the rooms, too. All calls are made in this turn.
   */
  declareAgain(
    connections: Iterable<Connection>,
    { rooms, onEvicted }: { readonly rooms: boolean; readonly onEvicted: (eviction: Eviction) => void },
  ): void {
    const declare = (ops: readonly PresenceOp[]): void => {
      const evicting = this.#options.backplane.applyPresence(ops).then((evictions) => {
        evictions.forEach(onEvicted);
      });
      evicting.catch(this.#options.onError);
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
  }

  #declarationOf(connection: Connection, room: string | undefined): PresenceOp {
    const { userId: user, id: connectionId, attempt, openedAt } = connection;
    const profile = JSON.stringify(profileOf(connection.identity.user));
    if (room !== undefined) return { op: "+", room, user, connectionId, profile };
    const { limit } = this.#options;
    const { client } = connection.client;
    return { op: "+", room, user, connectionId, profile, client, attempt, openedAt, limit };
  }

  /** A connection is closed or has left a room. Its user leaves after the grace period, unless another connection is there. */
  leave(
    connection: Connection,
    scope: { readonly room?: string | undefined; readonly graceMs: number },
  ): void {
    const { userId: user, id: connectionId } = connection;
    const { room, graceMs } = scope;
    this.#options.backplane
      .applyPresence([{ op: "-", room, user, connectionId, graceMs }])
      .catch(this.#options.onError);
  }

  /** The profile of a user who is online or in a room has changed. */
  update(connection: Connection, room?: string): void {
    this.join(connection, room).catch(this.#options.onError);
  }

  isSubscribed(connection: Connection, room?: string): boolean {
    return this.#views.get(room)?.has(connection) === true;
  }

  /** Sends the list of users, and from then on each change. */
  subscribe(connection: Connection, room?: string): void {
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
    // The view of everyone stays: the next connection uses it.
    if (room === undefined || view?.isUnused !== true) return;
    view.close();
    this.#views.delete(room);
  }

  async list({ room, cursor }: UserPage): Promise<UserList> {
    const page = await this.#page(room, cursor);
    const users = page.entries.map((entry) => JSON.parse(publicUserJson(entry)) as PublicUser);
    return { users, total: page.total, cursor: page.cursor };
  }

  readonly onPresence = (events: readonly PresenceEvent[]): void => {
    for (const event of events) this.#views.get(event.room)?.changed(event);
  };

  /** Presence events of all rosters may have been missed. The lists are read one after the other within two seconds. */
  interrupted(): void {
    const { clock } = this.#options;
    for (const view of this.#views.values()) {
      const waitMs = this.#views.size === 1 ? 0 : clock.random() * INTERRUPTED_MS;
      clock.setTimeout(() => {
        if (!view.isUnused) view.interrupted();
      }, waitMs);
    }
  }

  close(): void {
    for (const view of this.#views.values()) view.close();
    this.#views.clear();
  }

  #page(room: string | undefined, cursor: string | undefined): Promise<RosterPage> {
    return this.#options.backplane.roster(room, { cursor, limit: LIMITS.listedUsers });
  }

  #viewOf(room: string | undefined): PresenceView {
    const { clock, batchMs, onError } = this.#options;
    const channel = room === undefined ? "all" : roomChannel(room);
    return new PresenceView({
      room,
      channel,
      clock,
      batchMs,
      onError,
      firstPage: () => this.#page(room, undefined),
    });
  }
}

/** Whether the connection has been declared before, and is open. */
function isAdmitted({ stage, isConnected }: Connection): boolean {
  return stage === "handshaking" || stage === "open" || (stage === "opening" && isConnected);
}

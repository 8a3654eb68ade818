import type { Connection } from "./connection.ts";
import { MapView } from "../utils/read-only-map-view.ts";
import { profileOf } from "./public-profile.ts";
import type {
  ConnectedUser,
  ConnectedUsers,
  GuestIdentity,
  WebSocketData,
  WebSocketInstance,
  WebSocketInstances,
} from "../types.ts";

/** A user who has, or had, several connections. Most have one, which is all that is kept of them then. */
interface Several {
  readonly connections: Set<Connection>;
  /** When the first of them was. */
  readonly openedAt: number;
  /** The newest that was told. */
  identity: GuestIdentity;
}

type Held = Connection | Several;

/** The connections of this node, by socket and by user. A connection is in both maps or in none. */
export class ConnectionTable {
  readonly connectedUsers: ConnectedUsers;
  readonly wsInstances: WebSocketInstances;
  readonly #bySocket = new Map<WebSocketInstance, Connection>();
  readonly #byUser = new Map<string, Held>();

  constructor() {
    // What nobody looks at is not made.
    this.connectedUsers = new MapView(this.#byUser, toUser);
    this.wsInstances = new MapView(this.#byUser, toSockets);
  }

  get size(): number {
    return this.#bySocket.size;
  }

  all(): Iterable<Connection> {
    return this.#bySocket.values();
  }

  of(ws: WebSocketInstance): Connection | undefined {
    return this.#bySocket.get(ws);
  }

  ofUser(userId: string): Connection[] {
    const held = this.#byUser.get(userId);
    return held === undefined ? [] : connectionsOf(held);
  }

  /** What a user says of themselves, and since when they are here. */
  guest(userId: string): Pick<Held, "identity" | "openedAt"> | undefined {
    return this.#byUser.get(userId);
  }

  countOf(userId: string): number {
    const held = this.#byUser.get(userId);
    return held === undefined ? 0 : isSeveral(held) ? held.connections.size : 1;
  }

  add(connection: Connection): void {
    const { ws, userId } = connection;
    this.#bySocket.set(ws, connection);
    const held = this.#byUser.get(userId);
    if (held === undefined) this.#byUser.set(userId, connection);
    else if (isSeveral(held)) held.connections.add(connection);
    else {
      const { openedAt, identity } = held;
      this.#byUser.set(userId, { connections: new Set([held, connection]), openedAt, identity });
    }
  }

  /** The user's public fields may have changed; since when they are here has not. */
  update({ userId, identity }: Connection): void {
    const held = this.#byUser.get(userId);
    if (held !== undefined && isSeveral(held)) held.identity = identity;
  }

  /** @returns false when it was not there */
  remove(connection: Connection): boolean {
    const { ws, userId } = connection;
    if (!this.#bySocket.delete(ws)) return false;
    const held = this.#byUser.get(userId);
    if (held !== undefined && isSeveral(held)) {
      held.connections.delete(connection);
      if (held.connections.size > 0) return true;
    }
    this.#byUser.delete(userId);
    return true;
  }
}

function isSeveral(held: Held): held is Several {
  return "connections" in held;
}

function connectionsOf(held: Held): Connection[] {
  return isSeveral(held) ? [...held.connections] : [held];
}

function toSockets(held: Held): ReadonlySet<WebSocketInstance<WebSocketData>> {
  return new Set(connectionsOf(held).map(({ ws }) => ws));
}

function toUser(held: Held): ConnectedUser {
  return {
    ...profileOf(held.identity.user),
    connectedAt: new Date(held.openedAt),
  };
}

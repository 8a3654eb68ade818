import type { ClientRef } from "../backplane.ts";
import type { Connection } from "./connection.ts";
import { ReadonlyMapView } from "../utils/read-only-map-view.ts";
import { profileOf } from "./public-profile.ts";
import type {
  ConnectedUser,
  ConnectedUsers,
  GuestIdentity,
  WebSocketData,
  WebSocketInstance,
  WebSocketInstances,
} from "../types.ts";

/** A user who has, or had, several connections. A user with one connection is stored as that connection. */
interface UserConnections {
  readonly connections: Set<Connection>;
  /** When the first connection was opened. */
  readonly openedAt: number;
  /** The newest identity of the user. */
  identity: GuestIdentity;
}

type OneOrMany = Connection | UserConnections;

/** The connections of this node, by socket and by user. A connection is in both maps or in none. */
export class ConnectionTable {
  readonly connectedUsers: ConnectedUsers;
  readonly wsInstances: WebSocketInstances;
  readonly #bySocket = new Map<WebSocketInstance, Connection>();
  readonly #byUser = new Map<string, OneOrMany>();
  /** The clients of closed sockets that something still refers to, such as a handler that runs. */
  readonly #closedClients = new WeakMap<WebSocketInstance, ClientRef>();

  constructor() {
    // Entries are created when they are read.
    this.connectedUsers = new ReadonlyMapView(this.#byUser, toUser);
    this.wsInstances = new ReadonlyMapView(this.#byUser, toSockets);
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

  /** The client of a socket, after its close as well. */
  clientOf(ws: WebSocketInstance): ClientRef | undefined {
    return this.#bySocket.get(ws)?.client ?? this.#closedClients.get(ws);
  }

  ofUser(userId: string): Connection[] {
    const entry = this.#byUser.get(userId);
    return entry === undefined ? [] : connectionsOf(entry);
  }

  /** The identity of a user, and when the first connection was opened. */
  guestIdentityOf(userId: string): Pick<OneOrMany, "identity" | "openedAt"> | undefined {
    return this.#byUser.get(userId);
  }

  countOf(userId: string): number {
    const entry = this.#byUser.get(userId);
    return entry === undefined ? 0 : isMultiple(entry) ? entry.connections.size : 1;
  }

  add(connection: Connection): void {
    const { ws, userId } = connection;
    this.#bySocket.set(ws, connection);
    const entry = this.#byUser.get(userId);
    if (entry === undefined) this.#byUser.set(userId, connection);
    else if (isMultiple(entry)) entry.connections.add(connection);
    else {
      const { openedAt, identity } = entry;
      this.#byUser.set(userId, { connections: new Set([entry, connection]), openedAt, identity });
    }
  }

  /** Stores the new identity of a user; `connectedAt` stays. */
  update({ userId, identity }: Connection): void {
    const entry = this.#byUser.get(userId);
    if (entry !== undefined && isMultiple(entry)) entry.identity = identity;
  }

  /** @returns false if the table does not hold the connection */
  remove(connection: Connection): boolean {
    const { ws, userId } = connection;
    if (!this.#bySocket.delete(ws)) return false;
    this.#closedClients.set(ws, connection.client);
    const entry = this.#byUser.get(userId);
    if (entry !== undefined && isMultiple(entry)) {
      entry.connections.delete(connection);
      if (entry.connections.size > 0) return true;
    }
    this.#byUser.delete(userId);
    return true;
  }
}

function isMultiple(entry: OneOrMany): entry is UserConnections {
  return "connections" in entry;
}

function connectionsOf(entry: OneOrMany): Connection[] {
  return isMultiple(entry) ? [...entry.connections] : [entry];
}

function toSockets(entry: OneOrMany): ReadonlySet<WebSocketInstance<WebSocketData>> {
  return new Set(connectionsOf(entry).map(({ ws }) => ws));
}

function toUser(entry: OneOrMany): ConnectedUser {
  return {
    ...profileOf(entry.identity.user),
    connectedAt: new Date(entry.openedAt),
  };
}

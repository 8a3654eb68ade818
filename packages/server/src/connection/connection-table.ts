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

/** The entry of a user who has, or had, several connections. A user with one connection is stored as that connection. */
interface UserConnections {
  readonly connections: Set<Connection>;
  /** When the first connection was opened. */
  readonly openedAt: number;
  /** The latest identity of the user. */
  identity: GuestIdentity;
}

type OneOrMany = Connection | UserConnections;

/** The connections of this node, by socket and by user. A connection is in both maps or in none. */
export class ConnectionTable {
  readonly connectedUsers: ConnectedUsers;
  readonly wsInstances: WebSocketInstances;
  readonly #bySocket = new Map<WebSocketInstance, Connection>();
  readonly #byUser = new Map<string, OneOrMany>();
  /** Lost connections whose handlers still run: the client may reconnect for the results. */
  readonly #lost = new Set<Connection>();
  /** Connections by id. Created by the first look-up, because most nodes never look one up. */
  #byId: Map<string, Connection> | undefined;
  /** The clients of closed sockets that are still referenced, for example by a running handler. */
  readonly #closedClients = new WeakMap<WebSocketInstance, ClientRef>();

  constructor() {
    // The views compute their entries when they are read.
    this.connectedUsers = new ReadonlyMapView(this.#byUser, toUser);
    this.wsInstances = new ReadonlyMapView(this.#byUser, toSockets);
  }

  get size(): number {
    return this.#bySocket.size;
  }

  all(): Iterable<Connection> {
    return this.#bySocket.values();
  }

  /** The open connections, and the lost ones whose handlers still run. */
  withLost(): Connection[] {
    return [...this.#bySocket.values(), ...this.#lost];
  }

  of(ws: WebSocketInstance): Connection | undefined {
    return this.#bySocket.get(ws);
  }

  byId(id: string): Connection | undefined {
    this.#byId ??= new Map([...this.#bySocket.values()].map((connection) => [connection.id, connection]));
    return this.#byId.get(id);
  }

  /** The client of a socket, even after the socket has closed. */
  clientOf(ws: WebSocketInstance): ClientRef | undefined {
    return this.#bySocket.get(ws)?.client ?? this.#closedClients.get(ws);
  }

  ofUser(userId: string): Connection[] {
    const entry = this.#byUser.get(userId);
    return entry === undefined ? [] : connectionsOf(entry);
  }

  /** Like {@link withLost}, for one user. */
  ofUserWithLost(userId: string): Connection[] {
    return [...this.ofUser(userId), ...[...this.#lost].filter((connection) => connection.userId === userId)];
  }

  /** The identity of a user, and when their first connection opened. */
  guestIdentityOf(userId: string): Pick<OneOrMany, "identity" | "openedAt"> | undefined {
    return this.#byUser.get(userId);
  }

  add(connection: Connection): void {
    const { ws, userId } = connection;
    this.#bySocket.set(ws, connection);
    this.#byId?.set(connection.id, connection);
    const entry = this.#byUser.get(userId);
    if (entry === undefined) this.#byUser.set(userId, connection);
    else if (isMultiple(entry)) {
      entry.connections.add(connection);
      entry.identity = connection.identity;
    } else {
      const { openedAt } = entry;
      const { identity } = connection;
      this.#byUser.set(userId, { connections: new Set([entry, connection]), openedAt, identity });
    }
  }

  /** Keeps a lost connection until its work is done, so that a ban or a sign-out can still abort it. */
  async hold(lost: Connection, work: Promise<unknown>): Promise<void> {
    this.#lost.add(lost);
    await work;
    this.#lost.delete(lost);
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
    this.#byId?.delete(connection.id);
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

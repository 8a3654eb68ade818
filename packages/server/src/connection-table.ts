import type { Connection } from "./connection.js";
import type { ConnectedUser, WebSocketData, WebSocketInstance } from "./types.js";

/** The connections of this node, by socket, by user and by id. A connection is in all of these maps or in none. */
export class ConnectionTable {
  readonly connectedUsers = new Map<string, ConnectedUser>();
  readonly wsInstances = new Map<string, Set<WebSocketInstance<WebSocketData>>>();
  readonly #bySocket = new Map<WebSocketInstance, Connection>();
  readonly #byId = new Map<string, Connection>();

  get size(): number {
    return this.#bySocket.size;
  }

  all(): Iterable<Connection> {
    return this.#bySocket.values();
  }

  of(ws: WebSocketInstance): Connection | undefined {
    return this.#bySocket.get(ws);
  }

  byId(id: string): Connection | undefined {
    return this.#byId.get(id);
  }

  ofUser(userId: string): Connection[] {
    const found: Connection[] = [];
    for (const ws of this.wsInstances.get(userId) ?? []) {
      const connection = this.#bySocket.get(ws);
      if (connection !== undefined) found.push(connection);
    }
    return found;
  }

  add(connection: Connection): void {
    const { ws, userId } = connection;
    this.#bySocket.set(ws, connection);
    this.#byId.set(connection.id, connection);
    const sockets = this.wsInstances.get(userId);
    if (sockets !== undefined) {
      sockets.add(ws);
      return;
    }
    this.wsInstances.set(userId, new Set([ws]));
    this.connectedUsers.set(userId, toUser(connection, new Date(connection.openedAt)));
  }

  /** The user's public fields may have changed; since when they are here has not. */
  update(connection: Connection): void {
    const known = this.connectedUsers.get(connection.userId);
    if (known !== undefined)
      this.connectedUsers.set(connection.userId, toUser(connection, known.connectedAt));
  }

  /** @returns false when it was not there */
  remove(connection: Connection): boolean {
    const { ws, userId } = connection;
    if (!this.#bySocket.delete(ws)) return false;
    this.#byId.delete(connection.id);
    const sockets = this.wsInstances.get(userId);
    sockets?.delete(ws);
    if (sockets?.size === 0) {
      this.wsInstances.delete(userId);
      this.connectedUsers.delete(userId);
    }
    return true;
  }
}

function toUser({ userId, identity }: Connection, connectedAt: Date): ConnectedUser {
  const { name, image } = identity.user;
  return { userId, name: name ?? userId, ...(typeof image === "string" ? { image } : {}), connectedAt };
}

import { Connection } from "../src/connection/connection.ts";
import type { CloseReason, ConnectionInit } from "../src/connection/connection.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import type { ServerLimits } from "../src/limits.ts";
import { Writer } from "../src/delivery/writer.ts";
import type { FakeClock } from "./fake-clock.ts";
import { FakeSocket, fakeTransport } from "./fake-socket.ts";

/** A connection that was closed. */
export interface ClosedConnection {
  readonly id: string;
  readonly code: number;
  readonly reason: string;
}

/** Connections without a manager. A connection that is closed is recorded, with its code and reason. */
export class Connections {
  readonly clock: FakeClock;
  readonly limits: ServerLimits;
  readonly writer: Writer;
  readonly closed: ClosedConnection[] = [];
  readonly #sockets = new Map<Connection, FakeSocket>();

  constructor(clock: FakeClock, limits: Partial<ServerLimits> = {}) {
    this.clock = clock;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.writer = new Writer(clock, this.limits);
  }

  open(id: string, more: Partial<ConnectionInit> & { isV1?: boolean } = {}): Connection {
    const ws = new FakeSocket({ userId: `user of ${id}` });
    const connection = new Connection({
      id,
      ws,
      transport: fakeTransport,
      identity: { user: { id: ws.data.userId, name: id.toUpperCase() } },
      openedAt: this.clock.now(),
      now: this.clock.now(),
      services: {
        writer: this.writer,
        owner: {
          closeConnection: this.close,
          identityChanged: () => undefined,
          roomJoined: () => undefined,
          roomLeft: () => undefined,
        },
      },
      heartbeatBucket: 0,
      ...more,
    });
    connection.stage = "open";
    connection.isV1 = more.isV1 ?? true;
    this.#sockets.set(connection, ws);
    return connection;
  }

  all(): Iterable<Connection> {
    return [...this.#sockets.keys()].filter(({ stage }) => stage !== "closed");
  }

  socketOf(connection: Connection): FakeSocket {
    const ws = this.#sockets.get(connection);
    if (ws === undefined) throw new TypeError("not one of these connections");
    return ws;
  }

  /** Ends the turn. @returns the frames that a connection received since the last call */
  received(connection: Connection): ReturnType<FakeSocket["take"]> {
    this.clock.flush();
    return this.socketOf(connection).take();
  }

  readonly close = (connection: Connection, code: number, cause: string | CloseReason = ""): void => {
    if (connection.stage === "closed") return;
    connection.stage = "closed";
    const { reason = "" } = typeof cause === "string" ? { reason: cause } : cause;
    this.closed.push({ id: connection.id, code, reason });
  };
}

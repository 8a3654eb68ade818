import { Connection } from "../src/connection/connection.ts";
import type { CloseReason, ConnectionInit } from "../src/connection/connection.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import type { ServerLimits } from "../src/limits.ts";
import { Writer } from "../src/delivery/writer.ts";
import type { FakeClock } from "./fake-clock.ts";
import { FakeSocket, fakeTransport } from "./fake-socket.ts";

export interface Shut {
  readonly id: string;
  readonly code: number;
  readonly reason: string;
}

/** Connections without a manager: whoever would be closed by the writer is, and it is written down. */
export class Connections {
  readonly clock: FakeClock;
  readonly limits: ServerLimits;
  readonly writer: Writer;
  readonly shut: Shut[] = [];
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
      services: {
        writer: this.writer,
        owner: {
          closeConnection: this.close,
          identityChanged: () => undefined,
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

  /** Ends the turn and gives what a connection has heard since the last time. */
  heard(connection: Connection): ReturnType<FakeSocket["take"]> {
    this.clock.flush();
    return this.socketOf(connection).take();
  }

  readonly close = (connection: Connection, code: number, cause: string | CloseReason = ""): void => {
    if (connection.stage === "closed") return;
    connection.stage = "closed";
    const { reason = "" } = typeof cause === "string" ? { reason: cause } : cause;
    this.shut.push({ id: connection.id, code, reason });
  };
}

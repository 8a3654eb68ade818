// From an open socket to a connection that may speak: its slot, its presence, its welcome or the wait for its hello.
// Called by ConnectionOpener.
// Guarantees: a connection that fails to begin is closed with 1013; one that closed meanwhile leaves presence at once.
import { CloseCode } from "@halyard/protocol/wire";
import type { Admission } from "../backplane.ts";
import type { PresenceHub } from "../channels/presence-hub.ts";
import type { Connection } from "../connection/connection.ts";
import type { Inbound } from "../messages/inbound.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { ConnectionSlots } from "./admission.ts";
import { closeCodeFor } from "./admission.ts";
import type { ConnectionLog } from "./connection-log.ts";
import type { HelloHandler } from "./hello.ts";

/** What {@link ConnectionAdmitter} uses. */
export interface ConnectionAdmitterParts {
  readonly slots: ConnectionSlots;
  readonly presence: PresenceHub;
  readonly helloHandler: HelloHandler;
  readonly inbound: Pick<Inbound, "flushBuffered">;
  readonly log: ConnectionLog;
}

/** Admits connections that have just opened. */
export class ConnectionAdmitter {
  readonly #parts: ConnectionAdmitterParts;

  constructor(parts: ConnectionAdmitterParts) {
    this.#parts = parts;
  }

  /**
   * In this turn, where nothing is waited for. Never throws.
   *
   * @param reserved the admission of the upgrade, if the slot was reserved before 101
   */
  begin(connection: Connection, reserved: Admission | undefined): void {
    try {
      const admission = reserved ?? this.#parts.slots.reserveForConnection(connection);
      const startup =
        admission instanceof Promise
          ? this.#admitAsync(connection, admission)
          : this.#admit(connection, admission);
      if (startup instanceof Promise) void this.#closeOnRejection(connection, startup);
    } catch (error) {
      this.#closeAfterError(connection, error);
    }
  }

  async #closeOnRejection(connection: Connection, startup: Promise<unknown>): Promise<void> {
    try {
      await startup;
    } catch (error) {
      this.#closeAfterError(connection, error);
    }
  }

  #closeAfterError(connection: Connection, error: unknown): void {
    // A failure after the close, as when the node ends, is no failure of the application's.
    if (!isClosed(connection)) this.#parts.log.failed(connection, "open", error);
    connection.close(1013);
  }

  async #admitAsync(connection: Connection, admission: Promise<Admission>): Promise<void> {
    await this.#admit(connection, await admission);
  }

  #admit(connection: Connection, admission: Admission): MaybePromise<unknown> {
    const { presence, slots } = this.#parts;
    if (isClosed(connection)) {
      // The slot would expire by itself; given back now, it is free for the user's next connection.
      presence.leave(connection, { graceMs: 0 });
      return undefined;
    }
    if (!admission.admitted) {
      connection.close(closeCodeFor(admission));
      return undefined;
    }
    slots.closeReplaced(connection, admission.replaced, CloseCode.Superseded);
    const evicted = unwrapResolved(presence.join(connection));
    return evicted instanceof Promise
      ? this.#welcomeAsync(connection, evicted)
      : this.#welcome(connection, evicted);
  }

  async #welcomeAsync(connection: Connection, evicted: Promise<readonly string[]>): Promise<void> {
    await this.#welcome(connection, await evicted);
  }

  #welcome(connection: Connection, evicted: readonly string[]): MaybePromise<unknown> {
    const { helloHandler, inbound, presence, slots } = this.#parts;
    slots.closeReplaced(connection, evicted, CloseCode.Evicted);
    if (isClosed(connection)) {
      presence.leave(connection, { graceMs: 0 });
      return undefined;
    }
    if (connection.isV1) helloHandler.awaitHello(connection);
    else {
      const welcomed = helloHandler.welcomePlainClient(connection);
      if (welcomed instanceof Promise) return this.#flushBufferedAsync(connection, welcomed);
    }
    inbound.flushBuffered(connection);
    return undefined;
  }

  async #flushBufferedAsync(connection: Connection, welcomed: Promise<unknown>): Promise<void> {
    await welcomed;
    this.#parts.inbound.flushBuffered(connection);
  }
}

// A function, because TypeScript would assume after an await that the stage is what it was before.
function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

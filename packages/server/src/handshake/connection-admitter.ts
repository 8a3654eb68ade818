// From an open socket to a connection that may speak: its slot, its presence, its welcome or the wait for its hello.
// Called by ConnectionOpener.
// Guarantees: a connection that fails to begin is closed with 1013; one that closed meanwhile leaves presence at once.
import { CloseCode } from "@halyard/protocol/wire";
import type { Admission } from "../backplane.ts";
import type { PresenceHub } from "../channels/presence-hub.ts";
import type { Connection } from "../connection/connection.ts";
import type { Inbound } from "../messages/inbound.ts";
import type { ConnectionSlots } from "./admission.ts";
import { closeCodeFor } from "./admission.ts";
import type { ConnectionLog } from "./connection-log.ts";
import type { HelloHandler } from "./hello.ts";
import { isClosed } from "../connection/is-closed.ts";

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
   * Never rejects.
   *
   * @param reserved the admission of the upgrade, if the slot was reserved before 101
   */
  async begin(connection: Connection, reserved: Admission | undefined): Promise<void> {
    try {
      await this.#admit(connection, reserved ?? (await this.#parts.slots.reserveForConnection(connection)));
    } catch (error) {
      // A failure after the close, as when the node ends, is no failure of the application's.
      if (!isClosed(connection)) this.#parts.log.failed(connection, "open", error);
      connection.close(1013);
    }
  }

  async #admit(connection: Connection, admission: Admission): Promise<void> {
    const { helloHandler, inbound, presence, slots } = this.#parts;
    if (isClosed(connection)) {
      // The slot would expire by itself; given back now, it is free for the user's next connection.
      presence.leave(connection, { graceMs: 0 });
      return;
    }
    if (!admission.admitted) {
      connection.close(closeCodeFor(admission));
      return;
    }
    slots.closeReplaced(connection, admission.replaced, CloseCode.Superseded);
    const evicted = await presence.join(connection);
    slots.closeEvicted(connection, evicted);
    if (isClosed(connection)) {
      presence.leave(connection, { graceMs: 0 });
      return;
    }
    if (connection.isV1) helloHandler.awaitHello(connection);
    else await helloHandler.welcomePlainClient(connection);
    inbound.flushBuffered(connection);
  }
}

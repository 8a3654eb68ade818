// Admits an open connection: its slot, its presence, and its welcome or the wait for its hello.
// Called by ConnectionOpener. With the memory backplane everything happens in the turn in which the socket opens.
// Guarantees: a connection whose admission fails is closed with 1013; one that closed meanwhile leaves presence at once.
import type { Admission } from "../backplane.ts";
import type { PresenceHub } from "../presence/presence-hub.ts";
import type { Connection } from "../connection/connection.ts";
import type { Inbound } from "../messages/inbound.ts";
import type { ConnectionSlots } from "./admission.ts";
import { closeCodeFor } from "./admission.ts";
import type { ConnectionLog } from "./connection-log.ts";
import type { HelloHandler } from "./hello.ts";
import { isClosed } from "../connection/is-closed.ts";
import type { Revocations } from "../connection/revocations.ts";
import { andThen, recover, unwrapResolved } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";

/** The dependencies of {@link ConnectionAdmitter}. */
export interface ConnectionAdmitterParts {
  readonly slots: ConnectionSlots;
  readonly presence: PresenceHub;
  readonly helloHandler: HelloHandler;
  readonly inbound: Pick<Inbound, "flushBuffered">;
  readonly log: ConnectionLog;
  readonly revocations: Revocations;
}

/** Admits connections that have just opened. */
export class ConnectionAdmitter {
  readonly #parts: ConnectionAdmitterParts;

  constructor(parts: ConnectionAdmitterParts) {
    this.#parts = parts;
  }

  /**
   * Never throws or rejects.
   *
   * @param reserved the admission of the upgrade, if the slot was reserved before 101
   */
  begin(connection: Connection, reserved: Admission | undefined): MaybePromise<void> {
    const admit = (admission: Admission): MaybePromise<void> => this.#admit(connection, admission);
    return recover(
      () => andThen(reserved ?? this.#parts.slots.reserveForConnection(connection), admit),
      (error) => {
        // A failure after the close, for example when the node ends, is not reported.
        if (!isClosed(connection)) this.#parts.log.failed(connection, "open", error);
        connection.close(1013);
      },
    );
  }

  #admit(connection: Connection, admission: Admission): MaybePromise<void> {
    const { presence, revocations, slots } = this.#parts;
    if (isClosed(connection)) {
      // The slot would expire by itself, but releasing it now frees it for the user's next connection.
      presence.leave(connection, { graceMs: 0 });
      return;
    }
    const mark = revocations.markOf(connection);
    if (mark !== undefined) {
      connection.close(mark.code, mark.reason);
      return;
    }
    if (!admission.admitted) {
      connection.close(closeCodeFor(admission));
      return;
    }
    slots.closeReplaced(connection, admission);
    const { identity } = connection;
    return andThen(unwrapResolved(presence.join(connection)), (evictions) => {
      slots.closeEvicted(evictions);
      if (isClosed(connection)) {
        presence.leave(connection, { graceMs: 0 });
        return;
      }
      return this.#welcome(connection, identity);
    });
  }

  /** @param declared the identity with which the connection was declared */
  #welcome(connection: Connection, declared: Connection["identity"]): MaybePromise<void> {
    const { helloHandler, inbound, presence } = this.#parts;
    const begun = helloHandler.begin(connection);
    if (connection.identity !== declared) presence.update(connection);
    return andThen(begun, () => {
      inbound.flushBuffered(connection);
    });
  }
}

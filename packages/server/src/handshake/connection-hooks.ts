// The application's hooks around a connection: `onConnect`, `onDisconnect` and the handlers' `onClose`.
// Called by HelloHandler when a connection is admitted and by ConnectionCloser when it ends.
// Guarantees: a hook that throws, rejects or hangs is reported and stops nothing; onDisconnect follows onConnect only.
import type { AnyConfig } from "../config.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { MessageHandlerRegistry } from "../messages/handler-registry.ts";
import type { Clock } from "../types.ts";
import { recover } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { isThenable, withDeadline } from "../utils/with-deadline.ts";
import type { ConnectionLog } from "./connection-log.ts";

/** What {@link ConnectionHooks} uses. */
export interface ConnectionHooksParts {
  readonly onConnect: AnyConfig["onConnect"];
  readonly onDisconnect: AnyConfig["onDisconnect"];
  readonly registry: MessageHandlerRegistry;
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  readonly log: ConnectionLog;
}

/** Calls the application's hooks. */
export class ConnectionHooks {
  readonly #parts: ConnectionHooksParts;

  constructor(parts: ConnectionHooksParts) {
    this.#parts = parts;
  }

  /** Calls `onConnect`, which may join rooms. */
  connected(connection: Connection): MaybePromise<unknown> {
    const { clock, limits, log, onConnect } = this.#parts;
    connection.isConnected = true;
    if (onConnect === undefined) return;
    const { ws, identity } = connection;
    return recover(
      () => {
        const pending = onConnect({ ws, user: identity.user, session: identity.session });
        return isThenable(pending) ? withDeadline(pending, { clock, ms: limits.handlerMs }) : undefined;
      },
      (error) => {
        log.failed(connection, "onConnect", error);
      },
    );
  }

  /** Calls every handler's `onClose`. */
  closing(connection: Connection): void {
    for (const handler of this.#parts.registry.all())
      this.#callOnClose(connection, () => handler.onClose?.(connection.ws));
  }

  /** Calls `onDisconnect` for a connection for which `onConnect` was called. */
  disconnected(connection: Connection, code: number): void {
    const { onDisconnect } = this.#parts;
    if (!connection.isConnected || onDisconnect === undefined) return;
    const { ws, identity } = connection;
    this.#callOnClose(connection, () =>
      onDisconnect({ ws, user: identity.user, session: identity.session }, code),
    );
  }

  #callOnClose(connection: Connection, call: () => unknown): void {
    const onError = (error: unknown): void => {
      this.#parts.log.failed(connection, "close", error);
    };
    try {
      const result = call();
      if (result instanceof Promise) result.catch(onError);
    } catch (error) {
      onError(error);
    }
  }
}

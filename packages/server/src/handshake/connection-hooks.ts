// The application's hooks around a connection: `onConnect`, `onDisconnect` and the handlers' `onClose`.
// Called by HelloHandler when a connection is admitted and by ConnectionCloser when it has ended.
// Guarantees: a hook that throws, rejects or hangs is reported and stops nothing; onDisconnect follows onConnect only.
import type { AnyConfig } from "../config.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { MessageHandlerRegistry } from "../messages/handler-registry.ts";
import type { Clock } from "../types.ts";
import type { HookQueue } from "../utils/hook-queue.ts";
import { recover } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { isThenable, withDeadline } from "../utils/with-deadline.ts";
import type { ConnectionLog } from "./connection-log.ts";

/** What {@link ConnectionHooks} uses. */
export interface ConnectionHooksParts {
  readonly hooks: Pick<AnyConfig, "onConnect" | "onDisconnect">;
  readonly registry: MessageHandlerRegistry;
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  readonly log: ConnectionLog;
  readonly hookQueue: HookQueue;
}

/** Calls the application's hooks. */
export class ConnectionHooks {
  readonly #parts: ConnectionHooksParts;

  constructor(parts: ConnectionHooksParts) {
    this.#parts = parts;
  }

  /** Calls `onConnect`, which may join rooms. */
  connected(connection: Connection): MaybePromise<unknown> {
    const { clock, limits, log } = this.#parts;
    const { onConnect } = this.#parts.hooks;
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

  /** Calls every handler's `onClose`, and `onDisconnect` for a connection for which `onConnect` was called. */
  closed(connection: Connection, code: number): void {
    const { hookQueue, hooks, log, registry } = this.#parts;
    const { onDisconnect } = hooks;
    const { ws, identity } = connection;
    const onError = (error: unknown): void => {
      log.failed(connection, "close", error);
    };
    for (const handler of registry.all()) hookQueue.add(() => handler.onClose?.(ws), onError);
    if (!connection.isConnected || onDisconnect === undefined) return;
    hookQueue.add(() => onDisconnect({ ws, user: identity.user, session: identity.session }, code), onError);
  }
}

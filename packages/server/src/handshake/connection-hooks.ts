// The application's hooks around a connection: `onConnect`, `onDisconnect` and the handlers' `onClose`.
// Called by HelloHandler when a connection is admitted and by ConnectionCloser when it has ended.
// Guarantees: a hook that fails harms no other connection; an onConnect that fails refuses its own; onDisconnect follows
// each onConnect.
import { isThenable } from "@halyard/protocol/internal";
import type { ErrorCode } from "@halyard/protocol/wire";
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { ApplicationGuard } from "../application/application-guard.ts";
import type { AnyConfig } from "../config.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { MessageHandlerRegistry } from "../messages/handler-registry.ts";
import type { Clock } from "../types.ts";
import { recover } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";

/** What {@link ConnectionHooks} uses. */
export interface ConnectionHooksParts {
  readonly onConnect: AnyConfig["onConnect"];
  readonly onDisconnect: AnyConfig["onDisconnect"];
  readonly registry: MessageHandlerRegistry;
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  readonly guard: ApplicationGuard;
}

/** Calls the application's hooks. */
export class ConnectionHooks {
  readonly #parts: ConnectionHooksParts;

  constructor(parts: ConnectionHooksParts) {
    this.#parts = parts;
  }

  /** Calls `onConnect`, which may join rooms. When it fails, the connection is closed before anything is delivered. */
  connected(connection: Connection): MaybePromise<unknown> {
    const { clock, limits, onConnect } = this.#parts;
    connection.isConnected = true;
    if (onConnect === undefined) return;
    const { ws, identity } = connection;
    return recover(
      () => {
        const pending = onConnect({ ws, user: identity.user, session: identity.session });
        return isThenable(pending) ? withDeadline(pending, { clock, ms: limits.handlerMs }) : undefined;
      },
      (error) => {
        this.#refuse(connection, error);
      },
    );
  }

  /** A HalyardError refuses by its code. The time-out of a hook that hangs is no answer of the application: reported. */
  #refuse(connection: Connection, error: unknown): void {
    const refusal = error instanceof HalyardError ? error : undefined;
    const code = CLOSE_CODES[refusal?.code ?? "internal"] ?? FAILED;
    if (refusal === undefined || code === FAILED || refusal.code === "timeout")
      this.#parts.guard.report(error, { type: "onConnect", ws: connection.ws });
    const { message = "", retryAfterMs } = refusal ?? {};
    connection.close(
      code,
      retryAfterMs === undefined ? message : `retryAfterMs=${String(Math.ceil(retryAfterMs))}`,
    );
  }

  /** Calls every handler's `onClose`, and `onDisconnect` for a connection for which `onConnect` was called. */
  closed(connection: Connection, code: number): void {
    const { guard, onDisconnect, registry } = this.#parts;
    const { ws, identity } = connection;
    for (const handler of registry.all())
      if (handler.onClose !== undefined) guard.notify(() => handler.onClose?.(ws), { type: "close", ws });
    if (!connection.isConnected || onDisconnect === undefined) return;
    guard.notify(() => onDisconnect({ ws, user: identity.user, session: identity.session }, code), {
      type: "onDisconnect",
      ws,
    });
  }
}

const FAILED = 1011;
const UNAVAILABLE = 1013;

/** How a connection is closed when `onConnect` throws a HalyardError; any other code, and any other error, is 1011. */
const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
  unauthenticated: CloseCode.Unauthenticated,
  forbidden: CloseCode.Forbidden,
  contract_mismatch: CloseCode.ContractTooOld,
  limit_exceeded: CloseCode.ConnectionLimit,
  rate_limited: CloseCode.Flooding,
  unavailable: UNAVAILABLE,
  timeout: UNAVAILABLE,
};

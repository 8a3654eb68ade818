// Calls the application's hooks of a connection: `data`, `onConnect`, `onJoin`, `onLeave`, `onDisconnect` and the handlers'
// `onClose`.
// Called by HelloHandler when a connection is admitted, and by ConnectionCloser when its rooms change and when it has ended.
// Guarantees: a hook that fails affects no other connection; a failing `data` or `onConnect` refuses its own; each onConnect
// is followed by one onDisconnect, and each onJoin by one onLeave.
import { ContextOfConnection } from "../messages/handler-context.ts";
import { isThenable } from "@halyard/protocol/internal";
import type { ErrorCode } from "@halyard/protocol/wire";
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { ApplicationGuard } from "../application/application-guard.ts";
import type { AnyConfig } from "../config.ts";
import type { Connection } from "../connection/connection.ts";
import { isClosed } from "../connection/is-closed.ts";
import type { ServerLimits } from "../limits.ts";
import type { MessageHandlerRegistry } from "../messages/handler-registry.ts";
import type { Clock, ConnectionContext } from "../types.ts";
import { recover } from "../utils/maybe-promise.ts";
import { isFailure } from "../utils/errors.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";

/** The application's hooks that are called with a connection. */
type Hooks = Readonly<Pick<AnyConfig, "data" | "onConnect" | "onDisconnect" | "onJoin" | "onLeave">>;

/** The hooks of a configuration, bound to it. */
export function hooksOf(config: AnyConfig): Hooks {
  return {
    data: config.data?.bind(config),
    onConnect: config.onConnect?.bind(config),
    onDisconnect: config.onDisconnect?.bind(config),
    onJoin: config.onJoin?.bind(config),
    onLeave: config.onLeave?.bind(config),
  };
}

/** The dependencies of {@link ConnectionHooks}. */
export interface ConnectionHooksParts {
  readonly hooks: Hooks;
  readonly registry: MessageHandlerRegistry;
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  readonly guard: ApplicationGuard;
}

/** Calls the application's hooks. */
export class ConnectionHooks {
  readonly #parts: ConnectionHooksParts;
  readonly #contexts = new WeakMap<Connection, ContextOfConnection>();

  constructor(parts: ConnectionHooksParts) {
    this.#parts = parts;
  }

  /**
   * Calls `data`, then `onConnect`, which may join rooms. When either fails, the connection is closed before anything is delivered.
   * Neither is called once the connection has closed, because its end has been told already.
   */
  connected(connection: Connection): MaybePromise<unknown> {
    const { clock, limits } = this.#parts;
    const { onConnect } = this.#parts.hooks;
    if (isClosed(connection) || !this.#makeData(connection) || isClosed(connection)) return;
    connection.isConnected = true;
    if (onConnect === undefined) return;
    return recover(
      () => {
        const pending = onConnect(this.#contextOf(connection));
        return isThenable(pending) ? withDeadline(pending, { clock, ms: limits.handlerMs }) : undefined;
      },
      (error) => {
        this.#refuse(connection, error, "onConnect");
      },
    );
  }

  /** @returns whether the connection has its data; otherwise it was closed */
  #makeData(connection: Connection): boolean {
    const { guard, hooks } = this.#parts;
    const makeData = hooks.data;
    if (makeData === undefined) return true;
    const { ws } = connection;
    try {
      const data: unknown = makeData(this.#contextOf(connection));
      if (typeof data === "object" && data !== null && !isThenable(data)) {
        connection.data = data;
        return true;
      }
      guard.reportAnswer("data", data, ws);
      connection.close(FAILED);
    } catch (error) {
      this.#refuse(connection, error, "data");
    }
    return false;
  }

  /** All hooks get the same context object, so that it can be a key of a `Set` or `Map`. */
  #contextOf(connection: Connection): ConnectionContext {
    const known = this.#contexts.get(connection);
    known?.renewIdentity();
    const context = known ?? new ContextOfConnection(connection);
    this.#contexts.set(connection, context);
    return context;
  }

  /** Closes the connection with the close code of the HalyardError. An error without a close code is also reported. */
  #refuse(connection: Connection, error: unknown, hook: "data" | "onConnect"): void {
    const refusal = error instanceof HalyardError ? error : undefined;
    const code = CLOSE_CODES[refusal?.code ?? "internal"] ?? FAILED;
    if (isFailure(error) || code === FAILED)
      this.#parts.guard.report(error, { type: hook, ws: connection.ws });
    const { message = "", retryAfterMs } = refusal ?? {};
    connection.close(
      code,
      retryAfterMs === undefined ? message : `retryAfterMs=${String(Math.ceil(retryAfterMs))}`,
    );
  }

  joined(connection: Connection, room: string): void {
    this.#notifyOfRoom("onJoin", connection, room);
  }

  left(connection: Connection, room: string): void {
    this.#notifyOfRoom("onLeave", connection, room);
  }

  #notifyOfRoom(type: "onJoin" | "onLeave", connection: Connection, room: string): void {
    const { guard, hooks } = this.#parts;
    const hook = hooks[type];
    if (hook === undefined) return;
    guard.notify(() => hook(this.#contextOf(connection), room), { type, ws: connection.ws });
  }

  /** Calls `onLeave` for each room, every handler's `onClose`, and `onDisconnect` if `onConnect` was called. */
  closed(connection: Connection, code: number): void {
    const { guard, hooks, registry } = this.#parts;
    const { onDisconnect } = hooks;
    const { ws } = connection;
    for (const room of connection.rooms ?? []) this.left(connection, room);
    for (const handler of registry.all())
      if (handler.onClose !== undefined) guard.notify(() => handler.onClose?.(ws), { type: "close", ws });
    if (!connection.isConnected || onDisconnect === undefined) return;
    guard.notify(() => onDisconnect(this.#contextOf(connection), code), {
      type: "onDisconnect",
      ws,
    });
  }
}

const FAILED = 1011;
const UNAVAILABLE = 1013;

/** The close codes for HalyardErrors that `data` or `onConnect` throws; all other errors close with 1011. */
const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
  unauthenticated: CloseCode.Unauthenticated,
  forbidden: CloseCode.Forbidden,
  contract_mismatch: CloseCode.ContractTooOld,
  limit_exceeded: CloseCode.ConnectionLimit,
  rate_limited: CloseCode.Flooding,
  unavailable: UNAVAILABLE,
  timeout: UNAVAILABLE,
};

// The application's hooks around a connection: `data`, `onConnect`, `onJoin`, `onLeave`, `onDisconnect` and the handlers'
// `onClose`.
// Called by HelloHandler when a connection is admitted and by ConnectionCloser when its rooms change and when it has ended.
// Guarantees: a hook that fails harms no other connection; data or onConnect that fails refuses its own; onDisconnect follows
// each onConnect, and one onLeave each onJoin.
import { ContextOfConnection } from "../messages/handler-context.ts";
import { isThenable } from "@halyard/protocol/internal";
import type { ErrorCode } from "@halyard/protocol/wire";
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { ApplicationGuard } from "../application/application-guard.ts";
import type { AnyConfig } from "../config.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { MessageHandlerRegistry } from "../messages/handler-registry.ts";
import type { Clock, ConnectionContext } from "../types.ts";
import { recover } from "../utils/maybe-promise.ts";
import { isFailure } from "../utils/errors.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";

/** The application's hooks that are called with a connection. */
type Hooks = Readonly<Pick<AnyConfig, "data" | "onConnect" | "onDisconnect" | "onJoin" | "onLeave">>;

/** The hooks of a configuration, which are called as its methods. */
export function hooksOf(config: AnyConfig): Hooks {
  return {
    data: config.data?.bind(config),
    onConnect: config.onConnect?.bind(config),
    onDisconnect: config.onDisconnect?.bind(config),
    onJoin: config.onJoin?.bind(config),
    onLeave: config.onLeave?.bind(config),
  };
}

/** What {@link ConnectionHooks} uses. */
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

  /** Calls `data`, then `onConnect`, which may join rooms. When one fails, the connection is closed before anything is delivered. */
  connected(connection: Connection): MaybePromise<unknown> {
    const { clock, limits } = this.#parts;
    const { onConnect } = this.#parts.hooks;
    if (!this.#makeData(connection)) return;
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

  /** @returns whether the connection has its data: otherwise it is closed */
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

  /** All hooks get the same object, so that a `Set` of contexts works. */
  #contextOf(connection: Connection): ConnectionContext {
    const known = this.#contexts.get(connection);
    known?.renewIdentity();
    const context = known ?? new ContextOfConnection(connection);
    this.#contexts.set(connection, context);
    return context;
  }

  /** A HalyardError refuses by its code; one that no close code stands for is reported, too. */
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

  /** Calls `onLeave` for each room, every handler's `onClose`, and `onDisconnect` for a connection for which `onConnect` was called. */
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

/** How a connection is closed when `data` or `onConnect` throws a HalyardError; any other code, and any other error, is 1011. */
const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
  unauthenticated: CloseCode.Unauthenticated,
  forbidden: CloseCode.Forbidden,
  contract_mismatch: CloseCode.ContractTooOld,
  limit_exceeded: CloseCode.ConnectionLimit,
  rate_limited: CloseCode.Flooding,
  unavailable: UNAVAILABLE,
  timeout: UNAVAILABLE,
};

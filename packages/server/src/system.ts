import type { AnyProtocol, BuiltinProtocol } from "@halyard/protocol";
import type { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import { WebSocketManager } from "./manager.ts";
import type { MissingOption, WebSocketManagerConfig } from "./config.ts";
import type { GuestIdentity, Identity, WebSocketInstance } from "./types.ts";

/** The result of {@link createWebSocketSystem}. */
export interface WebSocketSystem<
  TProtocol extends AnyProtocol,
  TIdentity extends Identity,
  TData extends object = {},
> {
  /** Sends, publishes, and manages connections. */
  readonly manager: WebSocketManager<TProtocol>;
  /** The registry to which the application adds its handlers. */
  readonly handlers: MessageHandlerRegistry<TProtocol, TIdentity, TData>;
  /** `manager.handleMessage`, as a function for the `message` callback of a runtime. */
  readonly processMessage: (ws: WebSocketInstance, message: string | Uint8Array) => void;
}

/**
 * Creates the WebSocket server of an application: one manager and its registry of handlers.
 *
 * @example
 * const { manager, handlers } = createWebSocketSystem({ protocol, authenticate: betterAuthAuthenticator(auth) });
 */
export function createWebSocketSystem<
  TProtocol extends AnyProtocol = BuiltinProtocol,
  TIdentity extends Identity = GuestIdentity,
  TData extends object = {},
>(
  config?: WebSocketManagerConfig<TProtocol, TIdentity, TData> &
    Record<
      MissingOption<TProtocol, TIdentity["user"]>,
      object | undefined | "the contract has requires: { role }, and only authenticate can give users one"
    >,
): WebSocketSystem<TProtocol, TIdentity, TData> {
  const manager = new WebSocketManager<TProtocol>((config ?? {}) as unknown as WebSocketManagerConfig);
  return {
    manager,
    handlers: manager.handlers as unknown as MessageHandlerRegistry<TProtocol, TIdentity, TData>,
    processMessage: (ws, message) => {
      manager.handleMessage(ws, message);
    },
  };
}

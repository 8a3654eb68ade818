import type { AnyProtocol, BuiltinProtocol } from "@halyard/protocol";
import { createContext, createElement, useContext, useEffect } from "react";
import type { ReactNode } from "react";
import type { AnyClient } from "./common/client-view.ts";
import type { HalyardReact } from "./halyard-react.ts";
import { useConnection } from "./hooks/use-connection.ts";
import { useMessage } from "./hooks/use-message.ts";
import { useMessages } from "./hooks/use-messages.ts";
import { useMyPresence } from "./hooks/use-my-presence.ts";
import { usePresence } from "./hooks/use-presence.ts";
import { useRequest } from "./hooks/use-request.ts";
import { useRoom } from "./hooks/use-room.ts";
import { useSend } from "./hooks/use-send.ts";
import { useTyping } from "./hooks/use-typing.ts";

const NO_PROVIDER =
  "Hooks of Halyard need a provider of the same createHalyardReact() above them: <HalyardProvider client={client}><App /></HalyardProvider>";

/**
 * Creates the hooks of one protocol. Call it once, in a module of the application. Nothing connects before a component is mounted.
 *
 * @example
 * export const { HalyardProvider, useMessages, useRoom } = createHalyardReact<AppProtocol>();
 */
export function createHalyardReact<
  TProtocol extends AnyProtocol = BuiltinProtocol,
>(): HalyardReact<TProtocol> {
  const ClientContext = createContext<AnyClient | undefined>(undefined);
  const useClient = (): AnyClient => {
    const client = useContext(ClientContext);
    if (client === undefined) throw new Error(NO_PROVIDER);
    return client;
  };
  const HalyardProvider = ({ client, children }: { client: AnyClient; children?: ReactNode }) => {
    useEffect(() => {
      const { state } = client;
      // Not one that the server closed for good or that waits for a sign-in.
      if (state.status === "closed" && state.cause.kind === "local") client.connect();
    }, [client]);
    return createElement(ClientContext.Provider, { value: client }, children);
  };
  const ofClient =
    <TParameters extends readonly unknown[], TResult>(
      useHook: (client: AnyClient, ...parameters: TParameters) => TResult,
    ) =>
    (...parameters: TParameters): TResult =>
      useHook(useClient(), ...parameters);
  const hooks = {
    HalyardProvider,
    useClient,
    useConnection: ofClient(useConnection),
    useRoom: ofClient(useRoom),
    useMessage: ofClient(useMessage),
    useMessages: ofClient(useMessages),
    usePresence: ofClient(usePresence),
    useMyPresence: ofClient(useMyPresence),
    useTyping: ofClient(useTyping),
    useRequest: ofClient(useRequest),
    useSend: ofClient(useSend),
  };
  // A protocol exists only at compile time: the compiler checks names and fields here, and the server checks them again.
  return hooks as unknown as HalyardReact<TProtocol>;
}

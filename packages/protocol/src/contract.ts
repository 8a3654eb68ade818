import type { BuiltinClientMessages, BuiltinServerMessages, PublicUser } from "./builtins.ts";
import type {
  AnyProtocol,
  BuiltinProtocol,
  InputOf,
  MessageDefinition,
  MessageMap,
  OutputOf,
} from "./definition.ts";
import type { ControlMessage } from "./control-messages.ts";

/** A type and its fields as one flat object; distributes over unions, so that hovers show fields and no generics. */
export type Typed<TType, TFields> = TFields extends unknown
  ? { [K in keyof ({ type: TType } & TFields)]: ({ type: TType } & TFields)[K] }
  : never;

/** What clients hear of the client messages that the server relays: the same type, with its author. */
export type RelayedMessages<TClient extends MessageMap> = {
  readonly [K in keyof TClient as true extends TClient[K]["relayed"] ? K : never]: MessageDefinition<
    OutputOf<TClient[K]> & { from: PublicUser },
    OutputOf<TClient[K]> & { from: PublicUser },
    TClient[K]["ephemeral"],
    false
  >;
};

export type ClientMessages<TProtocol extends AnyProtocol> = BuiltinClientMessages &
  TProtocol["clientMessages"];
export type ServerMessages<TProtocol extends AnyProtocol> = BuiltinServerMessages &
  TProtocol["serverMessages"] &
  RelayedMessages<TProtocol["clientMessages"]>;

/** What a handler reads: a client's message after its schema. */
export type ClientMessage<
  TProtocol extends AnyProtocol,
  TType extends keyof ClientMessages<TProtocol> = keyof ClientMessages<TProtocol>,
> = { [K in TType]: Typed<K, OutputOf<ClientMessages<TProtocol>[K]>> }[TType];

/** What a client's listener reads. */
export type ServerMessage<
  TProtocol extends AnyProtocol,
  TType extends keyof ServerMessages<TProtocol> = keyof ServerMessages<TProtocol>,
> = { [K in TType]: Typed<K, OutputOf<ServerMessages<TProtocol>[K]>> }[TType];

/** What a server hands to `broadcastMessage` and its siblings: a message before its schema. */
export type OutgoingMessage<
  TProtocol extends AnyProtocol,
  TType extends keyof ServerMessages<TProtocol> = keyof ServerMessages<TProtocol>,
> = { [K in TType]: Typed<K, InputOf<ServerMessages<TProtocol>[K]>> }[TType];

/** Every message of the wire, in both directions: the built-in ones and the application's own. */
export type WebSocketMessage<TProtocol extends AnyProtocol = BuiltinProtocol> =
  ClientMessage<TProtocol> | ServerMessage<TProtocol> | ControlMessage;

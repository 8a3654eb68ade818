// Derives the message types for handlers, listeners and senders from the type of a contract.
// Used by the public types of the server and the client; contains no run-time code.
// Guarantee: it uses no type of zod, so a frontend without zod sees the same types.
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

/** A message type and its fields as one flat object. Distributes over unions; hovers show fields and no generics. */
export type Typed<TType, TFields> = TFields extends unknown
  ? { [K in keyof ({ type: TType } & TFields)]: ({ type: TType } & TFields)[K] }
  : never;

/** The client messages that the server relays, as other clients receive them: the same type, with its author `from`. */
export type RelayedMessages<TClient extends MessageMap> = {
  readonly [K in keyof TClient as true extends TClient[K]["relayed"] ? K : never]: MessageDefinition<
    OutputOf<TClient[K]> & { from: PublicUser },
    OutputOf<TClient[K]> & { from: PublicUser },
    TClient[K]["ephemeral"],
    false
  >;
};

/** Every message that clients of a contract send, by type: the built-in ones and the application's own. */
export type ClientMessages<TProtocol extends AnyProtocol> = BuiltinClientMessages &
  TProtocol["clientMessages"];
/** Every message that clients of a contract receive, by type: built-in, the application's own, and relayed. */
export type ServerMessages<TProtocol extends AnyProtocol> = BuiltinServerMessages &
  TProtocol["serverMessages"] &
  RelayedMessages<TProtocol["clientMessages"]>;

/** A client's message after its schema, as a handler receives it. */
export type ClientMessage<
  TProtocol extends AnyProtocol,
  TType extends keyof ClientMessages<TProtocol> = keyof ClientMessages<TProtocol>,
> = { [K in TType]: Typed<K, OutputOf<ClientMessages<TProtocol>[K]>> }[TType];

/** A server's message after its schema, as a client's listener receives it. */
export type ServerMessage<
  TProtocol extends AnyProtocol,
  TType extends keyof ServerMessages<TProtocol> = keyof ServerMessages<TProtocol>,
> = { [K in TType]: Typed<K, OutputOf<ServerMessages<TProtocol>[K]>> }[TType];

/** A server's message before its schema, as `broadcastMessage` and the other publish methods take it. */
export type OutgoingMessage<
  TProtocol extends AnyProtocol,
  TType extends keyof ServerMessages<TProtocol> = keyof ServerMessages<TProtocol>,
> = { [K in TType]: Typed<K, InputOf<ServerMessages<TProtocol>[K]>> }[TType];

/** Every message of the wire, in both directions: the built-in ones and the application's own. */
export type WebSocketMessage<TProtocol extends AnyProtocol = BuiltinProtocol> =
  ClientMessage<TProtocol> | ServerMessage<TProtocol> | ControlMessage;

/** A user's presence state as others in a room read it; undefined for a contract without presence state. */
export type PresenceStateOf<TProtocol extends AnyProtocol> = TProtocol["presence"]["state"]["_zod"]["output"];
/** A presence state as a client sets it. */
export type PresenceInputOf<TProtocol extends AnyProtocol> = TProtocol["presence"]["state"]["_zod"]["input"];

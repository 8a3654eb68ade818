// The types that a contract is made of: messages, requests and the protocol that holds them.
// Named by every package, and by the declarations of an application's contract.
// Guarantee: no type of zod is named, so a frontend that cannot resolve zod still sees the contract instead of `any`.

/** A schema as far as types go: the type that it accepts and the type that it returns. `zod` and `zod/mini` schemas fit. */
export interface Schema<TInput = unknown, TOutput = unknown> {
  readonly _zod: { readonly input: TInput; readonly output: TOutput };
}

/** The options of `message`: how messages of one type are delivered. */
export interface MessagePolicy {
  /**
   * Delivered at most once, to the connections that are open: no offset, no queue, no replay. For cursors and the like.
   * @default false
   */
  readonly ephemeral?: boolean | undefined;
  /**
   * The server passes the message on without a handler, to the sender's room or to every connection, with `from` added.
   * The sending connection is left out. `"room"` answers `invalid_message` to a message that names no room.
   * @default undefined: a handler receives the message
   */
  readonly relay?: "room" | "all" | undefined;
  /**
   * Only users with this role may send the message, others get `forbidden`. Roles in `user.role` are split at commas.
   * @default undefined: every user may send it
   */
  readonly requires?: { readonly role: string } | undefined;
}

/** The options of `request`: how requests of one name run. */
export interface RequestPolicy {
  /**
   * The server stores no reply for a client that lost it: after a reconnect the handler may run again.
   * @default false
   */
  readonly repeatable?: boolean | undefined;
  /**
   * Only users with this role may send the request, others get `forbidden`. Roles in `user.role` are split at commas.
   * @default undefined: every user may send it
   */
  readonly requires?: { readonly role: string } | undefined;
}

/** A message of a contract: its schema, and how it is delivered. */
export interface MessageDefinition<
  TInput = object,
  TOutput = object,
  TEphemeral extends boolean = boolean,
  TRelayed extends boolean = boolean,
> {
  readonly schema: Schema<TInput, TOutput>;
  readonly ephemeral: TEphemeral;
  readonly relayed: TRelayed;
  readonly policy: MessagePolicy;
}

/** A retained message whose schema changes nothing; hovers and declaration files show this short form. */
export interface Message<TFields> extends MessageDefinition<TFields, TFields, false, false> {}
/** An ephemeral message whose schema changes nothing. */
export interface EphemeralMessage<TFields> extends MessageDefinition<TFields, TFields, true, false> {}
/** A retained message that the server relays, and whose schema changes nothing. */
export interface RelayedMessage<TFields> extends MessageDefinition<TFields, TFields, false, true> {}
/** An ephemeral message that the server relays, and whose schema changes nothing. */
export interface RelayedEphemeralMessage<TFields> extends MessageDefinition<TFields, TFields, true, true> {}

/** A request of a contract: a schema for its input, one for its reply, and how it runs. */
export interface RequestDefinition<
  TInput = unknown,
  TReply = unknown,
  THandlerInput = unknown,
  THandlerReply = unknown,
> {
  readonly input: Schema<TInput, THandlerInput>;
  readonly output: Schema<THandlerReply, TReply>;
  readonly policy: RequestPolicy;
}

/** A request whose schemas change nothing. */
export interface RequestReply<TInput, TReply> extends RequestDefinition<TInput, TReply, TInput, TReply> {}

/** Messages of a contract, by type. */
export type MessageMap = Readonly<Record<string, MessageDefinition>>;
/** Requests of a contract, by name. */
export type RequestMap = Readonly<Record<string, RequestDefinition>>;

/** The contract of an application: the messages of its clients and of its server, and the requests in both directions. */
export interface Protocol<TClient = {}, TServer = {}, TRequests = {}, TServerRequests = {}> {
  /** The messages that clients send. */
  readonly clientMessages: TClient;
  /** The messages that the server sends. */
  readonly serverMessages: TServer;
  /** The requests that clients send to the server. */
  readonly requests: TRequests;
  /** The requests that the server sends to one client. */
  readonly serverRequests: TServerRequests;
}

/** The contract without messages of an application: chat, typing, presence and announcements. */
export interface BuiltinProtocol extends Protocol {}
/** The constraint of every contract. */
export interface AnyProtocol extends Protocol<MessageMap, MessageMap, RequestMap, RequestMap> {}

/**
 * The type of a contract. As the base of an interface it has a name, which hovers and declaration files then show.
 *
 * @example
 * export interface AppProtocol extends ProtocolOf<typeof protocol> {}
 */
export type ProtocolOf<TProtocol extends AnyProtocol> = TProtocol;

/** The fields of a message before its schema: the ones that its sender writes. */
export type InputOf<TMessage extends MessageDefinition> = TMessage["schema"]["_zod"]["input"];
/** The fields of a message after its schema: the ones that its receiver reads. */
export type OutputOf<TMessage extends MessageDefinition> = TMessage["schema"]["_zod"]["output"];

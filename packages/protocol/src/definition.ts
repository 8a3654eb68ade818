/**
 * A schema as far as the types go: what it takes and what it gives. `zod` and `zod/mini` schemas fit. No type of zod
 * is named, so that a frontend which cannot resolve zod still sees the contract instead of `any`.
 */
export interface Schema<TInput = unknown, TOutput = unknown> {
  readonly _zod: { readonly input: TInput; readonly output: TOutput };
}

/** How messages of one type travel. */
export interface MessagePolicy {
  /**
   * Delivered to whoever is there, at most once: no offset, no queue, no replay. For cursors and the like.
   * @default false
   */
  readonly ephemeral?: boolean | undefined;
  /**
   * The server passes the message on without a handler, to the sender's room or to everyone, with `from` added; the
   * sending connection itself is left out. Without a room, `"room"` answers `invalid_message`.
   */
  readonly relay?: "room" | "all" | undefined;
  /** Only users with this role may send it; roles in `user.role` are split at commas. Others get `forbidden`. */
  readonly requires?: { readonly role: string } | undefined;
}

/** How requests of one name are run. */
export interface RequestPolicy {
  /**
   * The reply is not stored for a client that lost it: after a reconnect the handler may run again.
   * @default false
   */
  readonly repeatable?: boolean | undefined;
  /** Only users with this role may ask; roles in `user.role` are split at commas. Others get `forbidden`. */
  readonly requires?: { readonly role: string } | undefined;
}

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

// What hovers and declaration files show for a message whose schema changes nothing.
export interface Message<TFields> extends MessageDefinition<TFields, TFields, false, false> {}
export interface EphemeralMessage<TFields> extends MessageDefinition<TFields, TFields, true, false> {}
export interface RelayedMessage<TFields> extends MessageDefinition<TFields, TFields, false, true> {}
export interface RelayedEphemeralMessage<TFields> extends MessageDefinition<TFields, TFields, true, true> {}

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

export type MessageMap = Readonly<Record<string, MessageDefinition>>;
export type RequestMap = Readonly<Record<string, RequestDefinition>>;

/** The contract of an application: what its clients send, what its server sends, and what the two may ask each other. */
export interface Protocol<TClient = {}, TServer = {}, TRequests = {}, TServerRequests = {}> {
  readonly clientMessages: TClient;
  readonly serverMessages: TServer;
  /** What clients ask the server. */
  readonly requests: TRequests;
  /** What the server asks a client. */
  readonly serverRequests: TServerRequests;
}

/** The contract without anything of the application's: chat, typing, presence and announcements. */
export interface BuiltinProtocol extends Protocol {}
export interface AnyProtocol extends Protocol<MessageMap, MessageMap, RequestMap, RequestMap> {}

/**
 * The type of a contract, to be given a name of its own: hovers and declaration files then show the name.
 *
 * @example
 * export interface AppProtocol extends ProtocolOf<typeof protocol> {}
 */
export type ProtocolOf<TProtocol extends AnyProtocol> = TProtocol;

export type InputOf<TMessage extends MessageDefinition> = TMessage["schema"]["_zod"]["input"];
export type OutputOf<TMessage extends MessageDefinition> = TMessage["schema"]["_zod"]["output"];

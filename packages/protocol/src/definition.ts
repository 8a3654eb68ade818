// The types that a contract is made of: messages, requests and the protocol that holds them.
// Used by every package, and by the declarations of an application's contract.
// Guarantee: it uses no type of zod, so a frontend that cannot resolve zod still sees the contract instead of `any`.

/** The types of a schema: the type that it accepts and the type that it returns. `zod` and `zod/mini` schemas fit. */
export interface Schema<TInput = unknown, TOutput = unknown> {
  readonly _zod: { readonly input: TInput; readonly output: TOutput };
}

/**
 * How often an ephemeral message of a client is passed on to others. Does not apply to messages of the server, or to messages
 * with a `seq`, which are never dropped.
 */
export interface EphemeralOptions {
  /**
   * The shortest time between two deliveries from one connection in one channel, in ms; at most 10,000.
   * @default the server's `limits.ephemeralIntervalMs`: 50
   */
  readonly everyMs?: number | undefined;
  /**
   * What happens to the messages in between: only the latest is delivered, or all of them together and in order, for
   * pen strokes and similar data. At most 64 are kept; above that, the oldest are dropped.
   * @default "latest"
   */
  readonly keep?: "latest" | "all" | undefined;
}

/** The options of `message`: how messages of one type are delivered. */
export interface MessagePolicy {
  /**
   * Delivered at most once, only to open connections: no offset, no queue, no replay. For cursors and similar data.
   * The first message of a client is passed on at once, then the newest one every 50 ms; an object changes how
   * often, and what happens to the messages in between.
   * @default false
   */
  readonly ephemeral?: boolean | EphemeralOptions | undefined;
  /**
   * The server passes the message on without a handler, to the sender's room or to every connection, with `from` added.
   * The sending connection is left out. `"room"` implies `room: "required"`.
   * @default undefined: a handler receives the message
   */
  readonly relay?: "room" | "all" | undefined;
  /**
   * Can only be sent with `room.send`, and `context.room` is a string. Outside a room it is refused with `invalid_message`.
   * @default undefined: sent to a room or to none
   */
  readonly room?: "required" | undefined;
  /**
   * Only users with this role, or one of these roles, may send the message; others get `forbidden`. `user.role` may be a comma-separated list.
   * @default undefined: every user may send it
   */
  readonly requires?: { readonly role: string | readonly [string, ...string[]] } | undefined;
  /**
   * The schema of the handler's result, which the receipt of the send contains as `result`; at most 8 KiB as JSON. A
   * repetition of the send gets the same result. Cannot be combined with `ephemeral` or `relay`.
   * @default undefined: what the handler returns is ignored
   */
  readonly result?: Schema | undefined;
}

/** The options of `request`: how requests of one name run. */
export interface RequestPolicy {
  /**
   * The server does not store the reply, so the handler may run again after a reconnect.
   * @default false
   */
  readonly repeatable?: boolean | undefined;
  /**
   * Only users with this role, or one of these roles, may send the request; others get `forbidden`. `user.role` may be a comma-separated list.
   * @default undefined: every user may send it
   */
  readonly requires?: { readonly role: string | readonly [string, ...string[]] } | undefined;
  /**
   * Can only be sent with `room.request`, by members of the room, and `context.room` is a string. Outside a room it is refused with
   * `invalid_message`; users who are not in the room get `forbidden`.
   * @default undefined: sent in a room or in none
   */
  readonly room?: "required" | undefined;
}

/** Whether a message or a request is bound to a room. */
export type RoomRule = "required" | "optional";

/** The type of `context.room` for each {@link RoomRule}. A table, because a conditional type would stay unresolved in handlers. */
export interface RoomIn {
  required: string;
  optional: string | undefined;
}

/** What the handler of a message may return, and what the sender's receipt contains. */
export interface AnyResult<TReturned = unknown, TResult = unknown> extends Schema<TReturned, TResult> {
  /** For types only: what the handler may return. */
  readonly returned: unknown;
}
/** The result of a message: the handler returns it, and the receipt contains it. */
export interface Result<TResult> extends AnyResult<TResult, TResult> {
  readonly returned: TResult | Promise<TResult>;
}
/** A {@link Result} whose schema changes it. */
export interface ParsedResult<TReturned, TResult> extends AnyResult<TReturned, TResult> {
  readonly returned: TReturned | Promise<TReturned>;
}
/** A message without `result`: what its handler returns is ignored. */
export interface NoResult extends AnyResult<unknown, undefined> {
  readonly returned: Anything;
}
/** Like `unknown`, but without absorbing the other members of a union and the literals that a handler returns. */
type Anything = {} | null | undefined | void;

/** A message of a contract: its schema, and how it is delivered. */
export interface MessageDefinition<
  TInput = object,
  TOutput = object,
  TEphemeral extends boolean = boolean,
  TRelayed extends boolean = boolean,
  TRoom extends RoomRule = RoomRule,
  TResult extends AnyResult = AnyResult,
  TRole extends string | undefined = string | undefined,
> {
  readonly schema: Schema<TInput, TOutput>;
  readonly ephemeral: TEphemeral;
  readonly relayed: TRelayed;
  readonly policy: MessagePolicy;
  /** Whether it is sent in rooms only. */
  readonly room: TRoom;
  /** The schema of what its handler returns; at run time undefined in place of {@link NoResult}. */
  readonly result: TResult;
  /** The required role, or a union of roles, which is a list at run time. */
  readonly role: TRole;
}

// The types that hovers and declaration files show. If a message has no other rules, the name describes it completely.

/** A retained message whose schema changes nothing. */
export interface Message<TFields> extends MessageDefinition<
  TFields,
  TFields,
  false,
  false,
  "optional",
  NoResult,
  undefined
> {}
/** An ephemeral message whose schema changes nothing. */
export interface EphemeralMessage<TFields> extends MessageDefinition<
  TFields,
  TFields,
  true,
  false,
  "optional",
  NoResult,
  undefined
> {}
/** A retained message that the server relays to everyone, and whose schema changes nothing. */
export interface RelayedMessage<TFields> extends MessageDefinition<
  TFields,
  TFields,
  false,
  true,
  "optional",
  NoResult,
  undefined
> {}
/** An ephemeral message that the server relays to everyone, and whose schema changes nothing. */
export interface RelayedEphemeralMessage<TFields> extends MessageDefinition<
  TFields,
  TFields,
  true,
  true,
  "optional",
  NoResult,
  undefined
> {}
/** A message with rules, as they were written, whose schema changes nothing. */
export interface MessageWith<TFields, TRules extends Rules> extends MessageDefinition<
  TFields,
  TFields,
  RuleOf<TRules, "ephemeral", false>,
  RuleOf<TRules, "relayed", false>,
  RuleOf<TRules, "room", "optional">,
  RuleOf<TRules, "result", NoResult>,
  RuleOf<TRules, "role", undefined>
> {}

/** The rules of a message or a request that its type shows. */
export interface Rules {
  readonly ephemeral?: true;
  readonly relayed?: true;
  readonly room?: "required";
  readonly result?: AnyResult;
  readonly role?: string;
}
type RuleOf<TRules, TName extends keyof Rules, TDefault> =
  TRules extends Readonly<Record<TName, infer TRule extends NonNullable<Rules[TName]>>> ? TRule : TDefault;

/** A request of a contract: a schema for its input, one for its reply, and how it runs. */
export interface RequestDefinition<
  TInput = unknown,
  TReply = unknown,
  THandlerInput = unknown,
  THandlerReply = unknown,
  TRoom extends RoomRule = RoomRule,
  TRole extends string | undefined = string | undefined,
> {
  readonly input: Schema<TInput, THandlerInput>;
  readonly output: Schema<THandlerReply, TReply>;
  readonly policy: RequestPolicy;
  /** Whether it can only be sent in rooms. */
  readonly room: TRoom;
  /** The required role, or a union of roles, which is a list at run time. */
  readonly role: TRole;
}

/** A request whose schemas change nothing. */
export interface RequestReply<TInput, TReply> extends RequestDefinition<
  TInput,
  TReply,
  TInput,
  TReply,
  "optional",
  undefined
> {}
/** A request with rules, as they were written, whose schemas change nothing. */
export interface RequestWith<TInput, TReply, TRules extends Rules> extends RequestDefinition<
  TInput,
  TReply,
  TInput,
  TReply,
  RuleOf<TRules, "room", "optional">,
  RuleOf<TRules, "role", undefined>
> {}

/** Messages of a contract, by type. */
export type MessageMap = Readonly<Record<string, MessageDefinition>>;
/** Requests of a contract, by name. */
export type RequestMap = Readonly<Record<string, RequestDefinition>>;
/** The data of an application's own errors, by code. */
export type ErrorMap = Readonly<Record<string, unknown>>;

/**
 * The presence states of a contract, which the users of a room show each other while they are there. `TInput` is what a client sets, `TState` what the others
 * read, and `TPatch` what `updatePresence` takes.
 */
export interface Presence<TInput = unknown, TState = unknown, TPatch = unknown> {
  readonly state: Schema<TInput, TState>;
  /** For types only. */
  readonly patch: TPatch;
}
/** A contract without presence state: `user.presence` is undefined. */
export interface NoPresence extends Presence<never, undefined, NoPatch> {}
type NoPatch = "the contract has no state: defineProtocol({ presence: { state: z.object({ … }) } })";
/** Some fields of a presence state. */
export type StatePatch<TInput> = { readonly [K in keyof TInput]?: TInput[K] | undefined };

/**
 * The contract of an application: the messages of its clients and of its server, the requests in both directions, the errors
 * that its handlers throw, and what users show in rooms.
 */
export interface Protocol<
  TClient = {},
  TServer = {},
  TRequests = {},
  TServerRequests = {},
  TErrors = {},
  TPresence = Presence,
> {
  /** The messages that clients send. */
  readonly clientMessages: TClient;
  /** The messages that the server sends. */
  readonly serverMessages: TServer;
  /** The requests that clients send to the server. */
  readonly requests: TRequests;
  /** The requests that the server sends to one client. */
  readonly serverRequests: TServerRequests;
  /** The schemas of the data of the application's own errors, by code. */
  readonly errors: { readonly [K in keyof TErrors]: Schema<unknown, TErrors[K]> };
  /** The schema of the presence state; at run time undefined in place of {@link NoPresence}. */
  readonly presence: TPresence;
}

/**
 * The contract without messages of an application: chat, typing, presence and announcements. It allows any errors, so that a
 * client or system of any contract is assignable to it.
 */
export interface BuiltinProtocol extends Protocol<{}, {}, {}, {}, ErrorMap> {}
/** The constraint of every contract. */
export interface AnyProtocol extends Protocol<MessageMap, MessageMap, RequestMap, RequestMap, ErrorMap> {}

/**
 * The type of a contract. Extend an interface from it to give it a name, which hovers and declaration files then show.
 *
 * @example
 * export interface AppProtocol extends ProtocolOf<typeof protocol> {}
 */
export type ProtocolOf<TProtocol extends AnyProtocol> = TProtocol;

/** The fields of a message before its schema, as the sender writes them. */
export type InputOf<TMessage extends MessageDefinition> = TMessage["schema"]["_zod"]["input"];
/** The fields of a message after its schema, as the receiver reads them. */
export type OutputOf<TMessage extends MessageDefinition> = TMessage["schema"]["_zod"]["output"];

// Builds a contract out of messages and requests, and rejects a wrong one: by types first, by a TypeError at start.
// Called once per application, in the module that holds its contract.
// Guarantee: the types are what client and server infer from; the objects hold schemas and policies, nothing else.
import { BUILTIN_TYPES, RESERVED_PREFIX } from "./builtins.ts";
import type { BuiltinType } from "./builtins.ts";
import type {
  AnyProtocol,
  EphemeralMessage,
  Message,
  MessageDefinition,
  MessageMap,
  MessagePolicy,
  Protocol,
  RelayedEphemeralMessage,
  RelayedMessage,
  RequestDefinition,
  RequestMap,
  RequestPolicy,
  RequestReply,
  Schema,
} from "./definition.ts";

/**
 * Defines a message: an object schema for its fields, without `type`, and how it travels.
 *
 * @throws TypeError when the schema has a field `type` or `$`; the types say so first.
 * @example
 * message(z.object({ x: z.number(), y: z.number() }), { ephemeral: true, relay: "room" })
 */
export function message<
  TInput extends object,
  TOutput extends object,
  const TPolicy extends MessagePolicy = {},
>(
  schema: Schema<TInput, TOutput> & FieldCheck<TInput>,
  policy?: TPolicy,
): MessageOf<TInput, TOutput, TPolicy>;
export function message(schema: Schema<object, object>, policy: MessagePolicy = {}): MessageDefinition {
  const fields =
    (schema as { readonly _zod: { readonly def?: { readonly shape?: object } } })._zod.def?.shape ?? {};
  for (const field of ["type", "$"]) {
    if (Object.hasOwn(fields, field))
      throw new TypeError(`Halyard writes the field ${field} itself: choose another name`);
  }
  return { schema, ephemeral: policy.ephemeral === true, relayed: policy.relay !== undefined, policy };
}

/**
 * Defines a request: a schema for its input and a schema for its reply. The server checks both. The reply on the wire is
 * the output of its schema.
 *
 * @example
 * request({ input: z.object({ room: z.string() }), output: z.array(Chat) })
 */
export function request<TInput, THandlerInput, THandlerReply, TReply>(
  definition: {
    readonly input: Schema<TInput, THandlerInput>;
    readonly output: Schema<THandlerReply, TReply>;
  } & RequestPolicy,
): RequestOf<TInput, TReply, THandlerInput, THandlerReply> {
  const { input, output, ...policy } = definition;
  return { input, output, policy } as RequestOf<TInput, TReply, THandlerInput, THandlerReply>;
}

/**
 * Puts the messages and requests of an application into one contract, for client and server.
 *
 * @throws TypeError when a name is one of Halyard's own (the types say so first), and for a policy on a server request:
 * the server itself chooses which client it asks, and nothing is stored
 * @example
 * export const protocol = defineProtocol({
 *   clientMessages: { poll_vote: message(z.object({ pollId: z.string(), option: z.int() })) },
 * });
 */
export function defineProtocol<
  TClient extends MessageMap = {},
  TServer extends MessageMap = {},
  TRequests extends RequestMap = {},
  TServerRequests extends RequestMap = {},
>(definition: {
  readonly clientMessages?: TClient & ClientCheck<TClient>;
  readonly serverMessages?: TServer & ServerCheck<TServer>;
  readonly requests?: TRequests & RequestCheck<TRequests>;
  readonly serverRequests?: TServerRequests & ServerRequestCheck<TServerRequests>;
}): Protocol<TClient, TServer, TRequests, TServerRequests>;
export function defineProtocol(definition: Partial<AnyProtocol>): Protocol {
  const { clientMessages = {}, serverMessages = {}, requests = {}, serverRequests = {} } = definition;
  const builtin = new Set<string>(BUILTIN_TYPES);
  for (const type of [...Object.keys(clientMessages), ...Object.keys(serverMessages)]) {
    if (builtin.has(type) || type.startsWith(RESERVED_PREFIX))
      throw new TypeError(`${type} is a message type of Halyard's own: choose another name`);
  }
  for (const name of [...Object.keys(requests), ...Object.keys(serverRequests)]) {
    if (name.startsWith(RESERVED_PREFIX) || (name === "users" && Object.hasOwn(requests, name)))
      throw new TypeError(`${name} is a request of Halyard's own: choose another name`);
  }
  for (const [name, { policy }] of Object.entries(serverRequests)) {
    const option = Object.keys(policy)[0];
    if (option !== undefined)
      throw new TypeError(`${name}: ${option} is for what clients ask, and the server asks this`);
  }
  return { clientMessages, serverMessages, requests, serverRequests };
}

type Equal<TLeft, TRight> =
  (<T>() => T extends TLeft ? 1 : 2) extends <T>() => T extends TRight ? 1 : 2 ? true : false;

/** `z.object({})` infers `Record<string, never>`, to which no typed message is assignable. */
type Fields<TFields> = [TFields] extends [Record<string, never>] ? {} : TFields;
type IsRelayed<TPolicy> = TPolicy extends { readonly relay: "room" | "all" } ? true : false;
type IsEphemeral<TPolicy> = TPolicy extends { readonly ephemeral: true } ? true : false;

type MessageOf<TInput, TOutput, TPolicy> =
  Equal<TInput, TOutput> extends true
    ? PlainMessageOf<Fields<TInput>, IsEphemeral<TPolicy>, IsRelayed<TPolicy>>
    : MessageDefinition<Fields<TInput>, Fields<TOutput>, IsEphemeral<TPolicy>, IsRelayed<TPolicy>>;
type PlainMessageOf<TFields, TEphemeral, TRelayed> = TEphemeral extends true
  ? TRelayed extends true
    ? RelayedEphemeralMessage<TFields>
    : EphemeralMessage<TFields>
  : TRelayed extends true
    ? RelayedMessage<TFields>
    : Message<TFields>;
type RequestOf<TInput, TReply, THandlerInput, THandlerReply> = [
  Equal<TInput, THandlerInput>,
  Equal<TReply, THandlerReply>,
] extends [true, true]
  ? RequestReply<TInput, TReply>
  : RequestDefinition<TInput, TReply, THandlerInput, THandlerReply>;

type ReservedField<TFields> = TFields extends unknown ? Extract<keyof TFields, "type" | "$"> : never;
type FieldCheck<TFields> = [TFields] extends [readonly unknown[]]
  ? "a message is an object, not an array"
  : [ReservedField<TFields>] extends [never]
    ? unknown
    : `Halyard writes the field ${ReservedField<TFields>} itself: choose another name`;

/** Names the first part of `T` that JSON would change; `never` where there is none. Bounded in depth, for recursive types. */
type JsonProblem<T, TPath extends string, TDepth extends readonly 0[] = []> = unknown extends T
  ? never
  : T extends string | number | boolean | null | undefined
    ? never
    : T extends Date
      ? `${TPath}: JSON turns a Date into a string, use z.iso.datetime()`
      : T extends NonSerializable
        ? `${TPath}: JSON cannot carry this type`
        : TDepth["length"] extends 6
          ? never
          : T extends readonly (infer TItem)[]
            ? JsonProblem<TItem, `${TPath}[]`, [...TDepth, 0]>
            : {
                [K in keyof T & string]: JsonProblem<
                  T[K],
                  TPath extends "" ? K : `${TPath}.${K}`,
                  [...TDepth, 0]
                >;
              }[keyof T & string];
type NonSerializable =
  | bigint
  | symbol
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBufferView
  | ArrayBuffer
  | ((...args: never) => unknown);
type Check<TProblem> = [TProblem] extends [never] ? unknown : TProblem;
type ReservedName = `${typeof RESERVED_PREFIX}${string}`;
type NameProblem<TName> = TName extends BuiltinType | ReservedName
  ? `${TName} is a message type of Halyard's own: choose another name`
  : never;
type RequestNameProblem<TName> = TName extends ReservedName
  ? `${TName} is a request of Halyard's own: choose another name`
  : never;

type ClientCheck<TMap extends MessageMap> = {
  readonly [K in keyof TMap]: Check<NameProblem<K> | JsonProblem<TMap[K]["schema"]["_zod"]["input"], "">>;
};
type ServerCheck<TMap extends MessageMap> = {
  readonly [K in keyof TMap]: Check<NameProblem<K> | JsonProblem<TMap[K]["schema"]["_zod"]["output"], "">>;
};
type RequestCheck<TMap extends RequestMap> = {
  readonly [K in keyof TMap]: Check<
    | RequestNameProblem<K>
    | JsonProblem<TMap[K]["input"]["_zod"]["input"], "input">
    | JsonProblem<TMap[K]["output"]["_zod"]["output"], "output">
  >;
};
/** The input of a server request crosses the wire after its schema, the client's reply before its schema. */
type ServerRequestCheck<TMap extends RequestMap> = {
  readonly [K in keyof TMap]: Check<
    | RequestNameProblem<K>
    | JsonProblem<TMap[K]["input"]["_zod"]["output"], "input">
    | JsonProblem<TMap[K]["output"]["_zod"]["input"], "output">
  >;
};

// The types that the definition functions infer from a contract, and the mistakes that they detect. Types only.
// Used by define-protocol.ts. A mistake becomes a string type with a sentence, which the compiler then prints.
// Guarantee: it uses no type of zod, so a frontend without zod sees the same types.
import type { BuiltinType, RESERVED_PREFIX } from "./builtins.ts";
import type {
  AnyResult,
  EphemeralMessage,
  EphemeralOptions,
  Message,
  MessageDefinition,
  MessageMap,
  MessageWith,
  NoPresence,
  NoResult,
  ParsedResult,
  Presence,
  RelayedEphemeralMessage,
  RelayedMessage,
  RequestDefinition,
  RequestMap,
  RequestPolicy,
  RequestReply,
  RequestWith,
  Result,
  RoomRule,
  Schema,
  StatePatch,
} from "./definition.ts";
import type { ErrorCode } from "./errors.ts";

/** The parameter of `request`: its schemas and its policy in one object. */
export interface RequestOptions extends RequestPolicy {
  /** The schema of the input. @default none: the request has no input */
  readonly input?: Schema | undefined;
  /** The schema of the reply. */
  readonly output: Schema;
}

type Equal<TLeft, TRight> =
  (<T>() => T extends TLeft ? 1 : 2) extends <T>() => T extends TRight ? 1 : 2 ? true : false;

/** Replaces the type `Record<string, never>` that `z.object({})` infers, to which no typed message is assignable. */
type Fields<TFields> = [TFields] extends [Record<string, never>] ? {} : TFields;
type IsRelayed<TPolicy> = TPolicy extends { readonly relay: "room" | "all" } ? true : false;
type IsEphemeral<TPolicy> = TPolicy extends { readonly ephemeral: true | EphemeralOptions } ? true : false;
type NeedsRoom = { readonly room: "required" } | { readonly relay: "room" };
type RoomOf<TPolicy> = TPolicy extends NeedsRoom ? "required" : "optional";
type RoleOf<TPolicy> = TPolicy extends { readonly requires: { readonly role: infer TRole } }
  ? TRole extends readonly (infer TOne extends string)[]
    ? TOne
    : Extract<TRole, string>
  : undefined;
type ResultOf<TPolicy> = TPolicy extends { readonly result: Schema<infer TReturned, infer TResult> }
  ? Equal<TReturned, TResult> extends true
    ? Result<TResult>
    : ParsedResult<TReturned, TResult>
  : NoResult;
type HasRules<TPolicy> = TPolicy extends
  NeedsRoom | { readonly result: object } | { readonly requires: object }
  ? true
  : false;
/** The rules as they were written, for hovers. */
type RulesOf<TPolicy> = (IsEphemeral<TPolicy> extends true ? { ephemeral: true } : {}) &
  (IsRelayed<TPolicy> extends true ? { relayed: true } : {}) &
  (RoomOf<TPolicy> extends "required" ? { room: "required" } : {}) &
  (ResultOf<TPolicy> extends NoResult ? {} : { result: ResultOf<TPolicy> }) &
  (RoleOf<TPolicy> extends string ? { role: RoleOf<TPolicy> } : {}) extends infer TAll
  ? { [K in keyof TAll]: TAll[K] }
  : never;

export type MessageOf<TInput, TOutput, TPolicy> =
  Equal<TInput, TOutput> extends true
    ? HasRules<TPolicy> extends true
      ? MessageWith<Fields<TInput>, RulesOf<TPolicy>>
      : PlainMessageOf<Fields<TInput>, IsEphemeral<TPolicy>, IsRelayed<TPolicy>>
    : MessageDefinition<
        Fields<TInput>,
        Fields<TOutput>,
        IsEphemeral<TPolicy>,
        IsRelayed<TPolicy>,
        RoomOf<TPolicy>,
        ResultOf<TPolicy>,
        RoleOf<TPolicy>
      >;
type PlainMessageOf<TFields, TEphemeral, TRelayed> = TEphemeral extends true
  ? TRelayed extends true
    ? RelayedEphemeralMessage<TFields>
    : EphemeralMessage<TFields>
  : TRelayed extends true
    ? RelayedMessage<TFields>
    : Message<TFields>;
export type InputSchemaOf<TOptions> = TOptions extends { readonly input: infer TSchema extends Schema }
  ? TSchema
  : Schema<void, void>;
export type RequestOf<TInput extends Schema, TOutput extends Schema, TPolicy> = [
  Equal<TInput["_zod"]["input"], TInput["_zod"]["output"]>,
  Equal<TOutput["_zod"]["input"], TOutput["_zod"]["output"]>,
] extends [true, true]
  ? HasRules<TPolicy> extends true
    ? RequestWith<TInput["_zod"]["input"], TOutput["_zod"]["output"], RulesOf<TPolicy>>
    : RequestReply<TInput["_zod"]["input"], TOutput["_zod"]["output"]>
  : RequestDefinition<
      TInput["_zod"]["input"],
      TOutput["_zod"]["output"],
      TInput["_zod"]["output"],
      TOutput["_zod"]["input"],
      RoomOf<TPolicy>,
      RoleOf<TPolicy>
    >;

type ReservedField<TFields> = TFields extends unknown ? Extract<keyof TFields, "type" | "$"> : never;
export type FieldCheck<TFields> = [TFields] extends [readonly unknown[]]
  ? "a message is an object, not an array"
  : [ReservedField<TFields>] extends [never]
    ? unknown
    : `Halyard writes the field ${ReservedField<TFields>} itself: choose another name`;

export type PolicyCheck<TPolicy> = TPolicy extends { readonly result: object }
  ? IsEphemeral<TPolicy> extends true
    ? "an ephemeral message has no receipt that could carry a result"
    : IsRelayed<TPolicy> extends true
      ? "a relayed message has no handler that could return a result"
      : unknown
  : unknown;

/** Names the first part of `T` that JSON would change; `never` if there is none. Bounded in depth, for recursive types. */
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

export type ClientCheck<TMap extends MessageMap> = {
  readonly [K in keyof TMap]: Check<
    | NameProblem<K>
    | JsonProblem<TMap[K]["schema"]["_zod"]["input"], "">
    | JsonProblem<TMap[K]["result"]["_zod"]["output"], "result">
  >;
};
export type ServerCheck<TMap extends MessageMap> = {
  readonly [K in keyof TMap]: Check<
    | NameProblem<K>
    | JsonProblem<TMap[K]["schema"]["_zod"]["output"], "">
    | ClientRuleProblem<TMap[K]["room"], TMap[K]["result"]>
  >;
};
type ClientRuleProblem<TRoom extends RoomRule, TResult extends AnyResult> = TRoom extends "required"
  ? "room: a rule for what clients send"
  : TResult extends NoResult
    ? never
    : unknown extends TResult["_zod"]["output"]
      ? never
      : "result: a rule for what clients send";
export type RequestCheck<TMap extends RequestMap> = {
  readonly [K in keyof TMap]: Check<
    | RequestNameProblem<K>
    | JsonProblem<TMap[K]["input"]["_zod"]["input"], "input">
    | JsonProblem<TMap[K]["output"]["_zod"]["output"], "output">
  >;
};
/** Checks what is sent: the input of a server request after its schema, the client's reply before its schema. */
export type ServerRequestCheck<TMap extends RequestMap> = {
  readonly [K in keyof TMap]: Check<
    | RequestNameProblem<K>
    | JsonProblem<TMap[K]["input"]["_zod"]["output"], "input">
    | JsonProblem<TMap[K]["output"]["_zod"]["input"], "output">
  >;
};
/** The presence type; if nothing was inferred, that of a contract without presence state. */
export type PresenceOf<TInput, TState> = unknown extends TState
  ? NoPresence
  : Presence<TInput, TState, StatePatch<TInput>>;
/** Checks a presence state, which is sent both before and after its schema. */
export type StateCheck<TInput, TState> = [TInput] extends [readonly unknown[]]
  ? "state is an object, not an array"
  : [TInput] extends [object]
    ? Check<JsonProblem<TInput, "state"> | JsonProblem<TState, "state">>
    : "state is an object: z.object({ … })";
/** Checks the data of errors, which is sent after its schema. */
export type ErrorCheck<TErrors> = {
  readonly [K in keyof TErrors]: Check<ErrorCodeProblem<K> | JsonProblem<TErrors[K], "data">>;
};
type ErrorCodeProblem<TCode> = TCode extends ErrorCode | ReservedName
  ? `${TCode} is an error code of Halyard's own: choose another name`
  : never;

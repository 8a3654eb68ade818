import { expectTypeOf } from "vitest";
import type { z } from "zod";
import type { BuiltinClientMessages, BuiltinServerMessages, BuiltinType, PublicUser } from "./builtins.ts";
import type { ServerMessage } from "./contract.ts";
import type { ControlMessage, JoinResult, Position, SendResult } from "./control-messages.ts";
import type { BuiltinProtocol, InputOf, OutputOf } from "./definition.ts";
import type { ErrorCode } from "./errors.ts";
import type { FrameMeta } from "./frames.ts";
import type {
  chatFields,
  clientMessages,
  frameMeta,
  outgoingMessages,
  publicUser,
  serverMessages,
  typingFields,
} from "./messages.ts";

// The types are written by hand, because hovers show them. This file holds them equal to the schemas.

/** Without `readonly`, which zod does not write, and with every optional field allowed to be undefined. */
type Plain<T> = T extends object
  ? {
      -readonly [K in keyof T]: T extends readonly unknown[]
        ? Plain<T[K]>
        : undefined extends T[K]
          ? Plain<T[K]> | undefined
          : Plain<T[K]>;
    }
  : T;
type Parsed<TSchema extends z.ZodType> = Plain<Omit<z.output<TSchema>, "$">>;
type Written<TType extends ControlMessage["type"]> = Plain<
  Omit<Extract<ControlMessage, { type: TType }>, "$">
>;
type Listened<TType extends keyof BuiltinServerMessages> = Plain<ServerMessage<BuiltinProtocol, TType>>;

expectTypeOf<Written<"hello">>().toEqualTypeOf<Parsed<typeof clientMessages.hello>>();
expectTypeOf<Written<"ping">>().toEqualTypeOf<Parsed<typeof clientMessages.ping>>();
expectTypeOf<Written<"join">>().toEqualTypeOf<Parsed<typeof clientMessages.join>>();
expectTypeOf<Written<"leave">>().toEqualTypeOf<Parsed<typeof clientMessages.leave>>();
expectTypeOf<Written<"presence_update">>().toEqualTypeOf<Parsed<typeof clientMessages.presence_update>>();
expectTypeOf<Written<"request">>().toEqualTypeOf<Parsed<typeof clientMessages.request>>();
expectTypeOf<Written<"request">>().toEqualTypeOf<Parsed<typeof serverMessages.request>>();
expectTypeOf<Written<"reply">>().toEqualTypeOf<Parsed<typeof clientMessages.reply>>();
expectTypeOf<Written<"authenticate">>().toEqualTypeOf<Parsed<typeof clientMessages.authenticate>>();
expectTypeOf<Written<"skip">>().toEqualTypeOf<Parsed<typeof clientMessages.skip>>();
expectTypeOf<Written<"skip">>().toEqualTypeOf<Parsed<typeof serverMessages.skip>>();
expectTypeOf<Written<"welcome">>().toEqualTypeOf<Parsed<typeof serverMessages.welcome>>();
expectTypeOf<Written<"pong">>().toEqualTypeOf<Parsed<typeof serverMessages.pong>>();
expectTypeOf<Written<"reply">>().toEqualTypeOf<Parsed<typeof serverMessages.reply>>();
expectTypeOf<Written<"joined">>().toEqualTypeOf<Parsed<typeof serverMessages.joined>>();
expectTypeOf<Written<"left">>().toEqualTypeOf<Parsed<typeof serverMessages.left>>();
expectTypeOf<Written<"gap">>().toEqualTypeOf<Parsed<typeof serverMessages.gap>>();
expectTypeOf<Written<"reconnect">>().toEqualTypeOf<Parsed<typeof serverMessages.reconnect>>();

expectTypeOf<Listened<"chat_message">>().toEqualTypeOf<Parsed<typeof serverMessages.chat_message>>();
expectTypeOf<Listened<"typing_indicator">>().toEqualTypeOf<Parsed<typeof serverMessages.typing_indicator>>();
expectTypeOf<Listened<"announcement">>().toEqualTypeOf<Parsed<typeof serverMessages.announcement>>();
expectTypeOf<Listened<"user_list">>().toEqualTypeOf<Parsed<typeof serverMessages.user_list>>();
expectTypeOf<Listened<"user_joined">>().toEqualTypeOf<Parsed<typeof serverMessages.user_joined>>();
expectTypeOf<Listened<"user_left">>().toEqualTypeOf<Parsed<typeof serverMessages.user_left>>();
expectTypeOf<Listened<"error">>().toEqualTypeOf<Parsed<typeof serverMessages.error>>();

// Every message of the wire is one of these: a message that is added to the schemas must be added above.
type Named = ControlMessage["type"] | keyof BuiltinClientMessages | keyof BuiltinServerMessages;
expectTypeOf<Named>().toEqualTypeOf<keyof typeof clientMessages | keyof typeof serverMessages>();
expectTypeOf<BuiltinType>().toEqualTypeOf<Named | "users">();

expectTypeOf<Plain<OutputOf<BuiltinClientMessages["chat_message"]>>>().toEqualTypeOf<
  Parsed<typeof chatFields>
>();
expectTypeOf<Plain<OutputOf<BuiltinClientMessages["typing_indicator"]>>>().toEqualTypeOf<
  Parsed<typeof typingFields>
>();
expectTypeOf<Plain<InputOf<BuiltinServerMessages["chat_message"]>>>().toEqualTypeOf<
  Parsed<typeof outgoingMessages.chat_message>
>();
expectTypeOf<Plain<InputOf<BuiltinServerMessages["announcement"]>>>().toEqualTypeOf<
  Parsed<typeof outgoingMessages.announcement>
>();

expectTypeOf<Plain<PublicUser>>().toEqualTypeOf<Parsed<typeof publicUser>>();
expectTypeOf<Plain<FrameMeta>>().toEqualTypeOf<Plain<z.output<typeof frameMeta>>>();
expectTypeOf<z.output<typeof serverMessages.error>["code"]>().toEqualTypeOf<ErrorCode>();
expectTypeOf<Plain<Position & { ch: string }>>().branded.toEqualTypeOf<Plain<JoinResult>>();
expectTypeOf<SendResult["id"]>().toEqualTypeOf<string>();

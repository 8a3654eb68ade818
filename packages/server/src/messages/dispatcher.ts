// Brings a message to its handler: schema, room, role, `authorize`, middleware, handler, in this order. Called by
// SendExecutor. A relayed type without a handler is published unchanged. Guarantee: if no code of the application takes
// time, no check creates a promise.
import { isPromise } from "@halyard/protocol/internal";
import type { SendResult } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { GLOBAL_CHANNEL, roomNameOf } from "../channels/channel-name.ts";
import type { ClientRef } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import { isClosed } from "../connection/is-closed.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import { validateInput } from "../security/validate-input.ts";
import type { BuiltIns, Published } from "../types.ts";
import {
  ForbiddenError,
  InvalidMessageError,
  OutcomeUnknownError,
  rateLimitError,
  validationError,
} from "../utils/errors.ts";
import type { Exceeded } from "../utils/errors.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Authorization } from "./authorization.ts";
import type { HandlerRunner } from "./handler-runner.ts";
import { toSendResult } from "./handler-runner.ts";
import type { MessageHandler } from "./handler-registry.ts";
import type { MissingHandlerHints } from "./message-log.ts";
import { hasRequiredRole } from "./message-types.ts";
import type { MessageType, MessageTypeRegistry } from "./message-types.ts";
import type { MessagePublisher, RelayedMessage, StoredMessage } from "./message-publisher.ts";

/** A message as the client sent it: of the application, or a built-in chat or typing message. */
export interface ClientMessageInput {
  readonly connection: Connection;
  readonly type: string;
  readonly fields: Record<string, unknown>;
  /** The channel that the client addressed, if any. */
  readonly channel: string | undefined;
  /** The size of its frame. */
  readonly bytes: number;
  readonly messageId: () => string;
}

/** The part of a client's message that a {@link Composer} needs. */
interface ComposerInput {
  readonly connection: Connection;
  readonly fields: object;
  readonly messageId: () => string;
}

/** Composes the message that a handler would publish, and names the client that does not get it. */
export type Composer = (input: ComposerInput) => {
  readonly message: object;
  readonly excluded: ClientRef | undefined;
};

/** A message that has passed all checks. */
interface CheckedMessage {
  readonly fields: object;
  readonly room: string | undefined;
  readonly messageType: MessageType | undefined;
  /** Undefined for a type that is relayed. */
  readonly handler: MessageHandler | undefined;
}

interface DispatcherParts {
  readonly authorization: Authorization;
  readonly builtIns: BuiltIns;
  /** Undefined for a handler that may do more than publish a message. */
  readonly composerOf: (handler: MessageHandler) => Composer | undefined;
  readonly handlerRunner: HandlerRunner;
  readonly hints: MissingHandlerHints;
  readonly publisher: MessagePublisher;
  readonly rateLimits: RateLimits;
  readonly types: MessageTypeRegistry;
}

/** Checks the messages of clients and hands them to their handlers. */
export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Whether the contract or a handler has this message type. */
  isKnown(type: string): boolean {
    return (
      this.#parts.types.fromClient(type) !== undefined || this.#parts.handlerRunner.find(type) !== undefined
    );
  }

  /** @throws HalyardError the error for the client */
  dispatch(input: ClientMessageInput): MaybePromise<SendResult> {
    return andThen(this.#check(input), (checked) => this.#handle(input, checked));
  }

  /**
   * Composes the message of a send whose only effect is to publish it: a relayed message, or a chat message without hook and
   * middleware.
   *
   * @returns undefined for any other send
   * @throws HalyardError as {@link dispatch}
   */
  async compose(input: ClientMessageInput): Promise<StoredMessage | undefined> {
    const { composerOf, handlerRunner, publisher, types } = this.#parts;
    const { connection, type, messageId } = input;
    if (handlerRunner.hasMiddleware) return undefined;
    const handler = handlerRunner.find(type);
    const compose = handler && composerOf(handler);
    const isEphemeral = types.fromClient(type)?.ephemeral !== false;
    if (isEphemeral || (handler !== undefined && compose === undefined)) return undefined;
    const checked = await this.#check(input);
    // A handler was registered while the checks ran.
    if (checked.handler !== handler) return undefined;
    if (compose === undefined) return publisher.storedRelay(connection, this.#toRelay(input, checked));
    const { message, excluded } = compose({ connection, fields: checked.fields, messageId });
    return publisher.storedMessage(message, checked.room, excluded);
  }

  #handle(input: ClientMessageInput, checked: CheckedMessage): MaybePromise<SendResult> {
    const { connection, type, messageId } = input;
    const { fields, handler, messageType, room } = checked;
    const { handlerRunner } = this.#parts;
    const relay = (): Promise<Published> => this.#relay(input, checked);
    if (handler === undefined && !handlerRunner.hasMiddleware) return relay().then(toSendResult);
    const message = { type, ...fields };
    if (handler !== undefined) handlerRunner.assertValid(connection, handler, message);
    const version = connection.rightsVersion;
    return handlerRunner.run(connection, {
      type,
      input: message,
      messageId,
      room,
      result: messageType?.policy.result,
      recheck: async () => {
        if (version !== connection.rightsVersion) await this.#checkRights(input, messageType);
        this.#assertCurrent(input, messageType);
      },
      handle: () => (handler === undefined ? relay() : handlerRunner.call(connection, handler, message)),
    });
  }

  /** @throws HalyardError the error for the client */
  #check(input: ClientMessageInput): MaybePromise<CheckedMessage> {
    const { type } = input;
    const messageType = this.#parts.types.fromClient(type);
    const handler = this.#parts.handlerRunner.find(type);
    const isRelayed = messageType?.policy.relay !== undefined && handler === undefined;
    if (handler === undefined && !isRelayed) throw this.#noHandler(type, messageType);

    const parsed = messageType === undefined ? input.fields : this.#parse(messageType, input.fields);
    return andThen<object, CheckedMessage>(parsed, (fields) =>
      andThen(this.#admit(input, messageType), (room) => ({ fields, handler, messageType, room })),
    );
  }

  /** Runs the checks before a message is handled. @returns its room */
  #admit(input: ClientMessageInput, messageType: MessageType | undefined): MaybePromise<string | undefined> {
    const { connection } = input;
    const version = connection.rightsVersion;
    return andThen(this.#checkRights(input, messageType), (room) => {
      const exceeded = this.#takeForChannel(input, messageType);
      const pacing = exceeded && this.#awaitChannel(input, exceeded);
      return andThen<void, string | undefined>(pacing, () => {
        if (version !== connection.rightsVersion) return this.#admit(input, messageType);
        this.#assertCurrent(input, messageType);
        return room;
      });
    });
  }

  /** Checks room, role and `authorize`, until the answers apply to the connection's current rights. */
  #checkRights(
    input: ClientMessageInput,
    messageType: MessageType | undefined,
  ): MaybePromise<string | undefined> {
    const { connection } = input;
    const version = connection.rightsVersion;
    const room = this.#roomOf(input, messageType);
    if (messageType !== undefined && !hasRequiredRole(messageType.policy, connection.identity.user))
      throw new ForbiddenError("role");
    return andThen<void, string | undefined>(this.#authorize(input, room, messageType), () =>
      version === connection.rightsVersion ? room : this.#checkRights(input, messageType),
    );
  }

  /** Checks again, because the connection may have left the room or closed during a wait. */
  #assertCurrent(input: ClientMessageInput, messageType: MessageType | undefined): void {
    const { connection, type } = input;
    this.#roomOf(input, messageType);
    if (connection.isRevoked) throw new HalyardError("unauthenticated");
    // A closed connection has already announced the end of its typing, so a late indicator would never end.
    if (type === "typing_indicator" && isClosed(connection)) throw new HalyardError("unavailable");
  }

  /** The error for a type without a handler: a mistake of the application if the contract has the type, otherwise of the client. */
  #noHandler(type: string, messageType: MessageType | undefined): HalyardError {
    if (messageType === undefined)
      return new HalyardError("unknown_type", "The server's contract has no such message.");
    this.#parts.hints.warn(`handlers.on("${type}", (message, context) => …)`, type);
    return new HalyardError("unknown_type", "The server has no handler for this message.");
  }

  #parse(messageType: MessageType, fields: Record<string, unknown>): MaybePromise<object> {
    const pending = validateInput(messageType.schema, fields);
    const validated = isPromise(pending) ? this.#parts.handlerRunner.settle(pending) : pending;
    return andThen(validated, (result) => {
      if (!result.ok) throw validationError(result);
      return result.value as object;
    });
  }

  /** @throws HalyardError `invalid_message` for a channel to which this type cannot be sent, `forbidden` outside the room */
  #roomOf(
    { channel, connection }: ClientMessageInput,
    messageType: MessageType | undefined,
  ): string | undefined {
    if (channel === undefined || channel === GLOBAL_CHANNEL) {
      if (messageType?.room === "required")
        throw new InvalidMessageError([{ path: "$.ch", message: "this type is sent to a room" }]);
      return undefined;
    }
    const room = roomNameOf(channel);
    if (room === undefined)
      throw new InvalidMessageError([{ path: "$.ch", message: "not a channel that clients send to" }]);
    if (connection.rooms?.has(room) !== true) throw new ForbiddenError("membership");
    return room;
  }

  #authorize(
    { connection, type }: ClientMessageInput,
    room: string | undefined,
    messageType: MessageType | undefined,
  ): MaybePromise<void> {
    const { authorization, builtIns } = this.#parts;
    if (room !== undefined) return authorization.assertAllowed(connection, "publish", room);
    const scope =
      type === "chat_message" ? builtIns.chat : type === "typing_indicator" ? builtIns.typing : undefined;
    if (scope === "rooms") {
      const option = type === "chat_message" ? "chat" : "typing";
      const message = "This is for rooms only.";
      throw new ForbiddenError("publish", { message, rule: `builtIns.${option} allows it in rooms only` });
    }
    if (isForEveryone(type, messageType))
      return authorization.assertAllowed(connection, "publish", GLOBAL_CHANNEL);
  }

  /**
   * Counts against the channel's rate. Runs after `authorize`, so that refused sends do not use up the rate of others.
   * Ephemeral messages are exempt: slow readers drop them.
   */
  #takeForChannel(
    { channel, type, bytes }: ClientMessageInput,
    messageType: MessageType | undefined,
  ): Exceeded | undefined {
    if (messageType?.ephemeral === true) return undefined;
    if (channel === undefined && !isForEveryone(type, messageType)) return undefined;
    return this.#parts.rateLimits.takeForChannel(channel ?? GLOBAL_CHANNEL, bytes);
  }

  /** @throws LimitError for a plain client */
  async #awaitChannel({ connection, channel, bytes }: ClientMessageInput, exceeded: Exceeded): Promise<void> {
    if (!connection.isV1) throw rateLimitError(exceeded);
    await this.#parts.rateLimits.paceChannel(connection, channel ?? GLOBAL_CHANNEL, bytes);
  }

  async #relay(input: ClientMessageInput, checked: CheckedMessage): Promise<Published> {
    const message = this.#toRelay(input, checked);
    try {
      return await this.#parts.publisher.relay(input.connection, message);
    } catch (error) {
      throw message.ephemeral ? error : new OutcomeUnknownError({ cause: error });
    }
  }

  #toRelay(
    { type, messageId }: ClientMessageInput,
    { fields, room, messageType }: CheckedMessage,
  ): RelayedMessage {
    return { type, fields, room, ephemeral: messageType?.ephemeral === true, id: messageId() };
  }
}

/** Whether a message without a channel is published to everyone. */
function isForEveryone(type: string, messageType: MessageType | undefined): boolean {
  return type === "chat_message" || type === "typing_indicator" || messageType?.policy.relay === "all";
}

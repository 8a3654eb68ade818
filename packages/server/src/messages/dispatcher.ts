// From a message to its handler: schema, room, role, `authorize`, then the handler, in this order. Called by
// SendExecutor. A relayed type without a handler is published as it is.
import type { SendResult } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { GLOBAL_CHANNEL, roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import { isClosed } from "../connection/is-closed.ts";
import type { BuiltIns } from "../types.ts";
import { ForbiddenError, InvalidMessageError, validationError } from "../utils/errors.ts";
import type { Authorization } from "./authorization.ts";
import type { MessageHandlerRegistry } from "./handler-registry.ts";
import type { HandlerRunner } from "./handler-runner.ts";
import { toSendResult } from "./handler-runner.ts";
import { hasRequiredRole } from "./message-types.ts";
import type { MessageType, MessageTypeRegistry } from "./message-types.ts";
import type { Publisher } from "./publisher.ts";

/** A message of the application, or of chat and typing, as the client sent it. */
export interface ChannelMessageInput {
  readonly connection: Connection;
  readonly type: string;
  readonly fields: Record<string, unknown>;
  /** The channel that the client addressed, if any. */
  readonly channel: string | undefined;
  readonly messageId: () => string;
}

interface DispatcherParts {
  readonly authorization: Authorization;
  readonly builtIns: BuiltIns;
  readonly handlerRunner: HandlerRunner;
  readonly publisher: Publisher;
  readonly registry: MessageHandlerRegistry;
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
    return this.#parts.types.fromClient(type) !== undefined || this.#parts.registry.find(type) !== undefined;
  }

  /** @throws HalyardError the error for the client */
  async dispatch(input: ChannelMessageInput): Promise<SendResult> {
    const { connection, type, messageId } = input;
    const messageType = this.#parts.types.fromClient(type);
    const handler = this.#parts.registry.find(type);
    const isRelayed = messageType?.policy.relay !== undefined && handler === undefined;
    if (handler === undefined && !isRelayed) throw new HalyardError("unknown_type");

    const fields = messageType === undefined ? input.fields : await this.#parse(messageType, input.fields);
    let room: string | undefined;
    let version: number;
    do {
      version = connection.rightsVersion;
      room = this.#roomOf(input);
      if (messageType !== undefined && !hasRequiredRole(messageType.policy, connection.identity.user))
        throw new ForbiddenError("role");
      await this.#authorize(input, room, messageType);
    } while (version !== connection.rightsVersion);
    // The connection may have left the room while `authorize` ran.
    this.#roomOf(input);
    if (connection.isRevoked) throw new HalyardError("unauthenticated");
    // The closed connection has already announced the end of its typing; a late indicator would never end.
    if (messageType?.ephemeral === true && isClosed(connection)) throw new HalyardError("unavailable");
    if (handler === undefined) return this.#relay(input, { fields, room, messageType });
    const message = { type, ...fields };
    return this.#parts.handlerRunner.run(connection, { handler, message, messageId, room });
  }

  async #parse(messageType: MessageType, fields: Record<string, unknown>): Promise<object> {
    const pending = validate(messageType.schema, fields);
    const result = pending instanceof Promise ? await this.#parts.handlerRunner.settle(pending) : pending;
    if (!result.ok) throw validationError(result);
    return result.value as object;
  }

  /** @throws HalyardError `invalid_message` for a channel that clients cannot send to, `forbidden` outside the room */
  #roomOf({ channel, connection }: ChannelMessageInput): string | undefined {
    if (channel === undefined || channel === GLOBAL_CHANNEL) return undefined;
    const room = roomNameOf(channel);
    if (room === undefined)
      throw new InvalidMessageError([{ path: "$.ch", message: "not a channel that clients send to" }]);
    if (connection.rooms?.has(room) !== true) throw new ForbiddenError("publish");
    return room;
  }

  async #authorize(
    { connection, type }: ChannelMessageInput,
    room: string | undefined,
    messageType: MessageType | undefined,
  ): Promise<void> {
    const { authorization, builtIns } = this.#parts;
    if (room !== undefined) {
      await authorization.assertAllowed(connection, "publish", room);
      return;
    }
    const scope =
      type === "chat_message" ? builtIns.chat : type === "typing_indicator" ? builtIns.typing : undefined;
    if (scope === "rooms") throw new ForbiddenError("publish", "This is for rooms only.");
    const isGlobal =
      type === "chat_message" || type === "typing_indicator" || messageType?.policy.relay === "all";
    if (isGlobal) await authorization.assertAllowed(connection, "publish", GLOBAL_CHANNEL);
  }

  async #relay(
    { connection, type, messageId }: ChannelMessageInput,
    relayed: { fields: object; room: string | undefined; messageType: MessageType | undefined },
  ): Promise<SendResult> {
    const { fields, room, messageType } = relayed;
    if (messageType?.policy.relay === "room" && room === undefined) {
      throw new InvalidMessageError([{ path: "$.ch", message: "this type is sent to a room" }]);
    }
    const ephemeral = messageType?.ephemeral === true;
    const message = { type, fields, room, ephemeral, id: messageId() };
    return toSendResult(await this.#parts.publisher.relay(connection, message));
  }
}

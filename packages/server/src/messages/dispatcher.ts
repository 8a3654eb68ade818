import type { SendResult, Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Authorization } from "./authorization.ts";
import { GLOBAL_CHANNEL, roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../server-context.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { InvalidMessageError, ForbiddenError } from "../utils/errors.ts";
import { bindContext, HandlerInvocation } from "./handler-context.ts";
import type { MessageHandler } from "./handler-registry.ts";
import { hasRequiredRole } from "./message-types.ts";
import type { MessageType } from "./message-types.ts";
import type { Publisher } from "./publisher.ts";
import type { Published } from "../types.ts";

/** A message of the application, or of chat and typing, as it came in. */
export interface ChannelMessageInput {
  readonly connection: Connection;
  readonly type: string;
  readonly fields: Record<string, unknown>;
  /** The channel that it was sent to, if any. */
  readonly channel: string | undefined;
  readonly messageId: () => string;
}

export interface DispatcherParts {
  readonly core: ServerContext;
  readonly authorization: Authorization;
  readonly publisher: Publisher;
}

/** Takes a message to its handler: schema, rights, handler, in this order. */
export class Dispatcher {
  readonly #core: ServerContext;
  readonly #authorization: Authorization;
  readonly #publisher: Publisher;

  constructor({ core, authorization, publisher }: DispatcherParts) {
    this.#core = core;
    this.#authorization = authorization;
    this.#publisher = publisher;
  }

  /** @throws HalyardError what the sender is told */
  async dispatch(incoming: ChannelMessageInput): Promise<SendResult> {
    const { connection, type } = incoming;
    const known = this.#core.types.fromClient(type);
    const handler = this.#core.registry.find(type);
    const isRelayed = known?.policy.relay !== undefined && handler === undefined;
    if (handler === undefined && !isRelayed) throw new HalyardError("unknown_type");

    const fields = known === undefined ? incoming.fields : await this.#parse(known, incoming.fields);
    const room = this.#roomOf(incoming);
    if (known !== undefined && !hasRequiredRole(known.policy, connection.identity.user))
      throw new ForbiddenError("role");
    await this.#authorize(incoming, room, known);
    if (connection.isRevoked) throw new HalyardError("unauthenticated");
    // Who has gone does not type any more, and nobody would say when it ends.
    if (known?.ephemeral === true && isClosed(connection)) throw new HalyardError("unavailable");
    if (handler === undefined) return this.#relay(incoming, { fields, room, policy: known?.policy.relay });
    return this.#handle(incoming, { handler, room, message: { type, ...fields } });
  }

  async #parse(known: MessageType, fields: Record<string, unknown>): Promise<object> {
    const result: Validation = await validate(known.schema, fields);
    if (!result.ok) throw new InvalidMessageError(result.issues);
    return result.value as object;
  }

  /** @throws HalyardError `invalid_message` for a channel that cannot be sent to, `forbidden` outside the room */
  #roomOf({ channel, connection }: ChannelMessageInput): string | undefined {
    if (channel === undefined || channel === GLOBAL_CHANNEL) return undefined;
    const room = roomNameOf(channel);
    if (room === undefined)
      throw new InvalidMessageError([{ path: "$.ch", message: "not a channel that clients send to" }]);
    if (connection.rooms?.has(room) !== true) throw new ForbiddenError("publish");
    return room;
  }

  async #authorize(
    incoming: ChannelMessageInput,
    room: string | undefined,
    known: MessageType | undefined,
  ): Promise<void> {
    const { connection, type } = incoming;
    if (room !== undefined) {
      await this.#authorization.assertAllowed(connection, "publish", room);
      return;
    }
    const { builtIns = {} } = this.#core.config;
    const roomOrUndefined =
      type === "chat_message" ? builtIns.chat : type === "typing_indicator" ? builtIns.typing : undefined;
    if (roomOrUndefined === "rooms") throw new ForbiddenError("publish", "This is for rooms only.");
    const isGlobal = type === "chat_message" || type === "typing_indicator" || known?.policy.relay === "all";
    if (isGlobal) await this.#authorization.assertAllowed(connection, "publish", GLOBAL_CHANNEL);
  }

  async #relay(
    { connection, type, messageId }: ChannelMessageInput,
    relayed: { fields: object; room: string | undefined; policy: "room" | "all" | undefined },
  ): Promise<SendResult> {
    if (relayed.policy === "room" && relayed.room === undefined) {
      throw new InvalidMessageError([{ path: "$.ch", message: "this type is sent to a room" }]);
    }
    const channel = relayed.room === undefined ? GLOBAL_CHANNEL : `room:${relayed.room}`;
    const message = { type, ...relayed.fields, from: this.#authorOf(connection) };
    const ephemeral = this.#core.types.fromClient(type)?.ephemeral === true;
    const id = messageId();
    const idempotencyKey = ephemeral ? undefined : `${id}\0${connection.userId}`;
    const published = await this.#publisher.publishEncoded(
      channel,
      { type, id, json: JSON.stringify(message), ephemeral, idempotencyKey },
      connection.ws,
    );
    return toResult(published);
  }

  async #handle(
    { connection, messageId }: ChannelMessageInput,
    { handler, room, message }: { handler: MessageHandler; room: string | undefined; message: object },
  ): Promise<SendResult> {
    const { connections, clock, limits } = this.#core;
    if (!handler.validate(message)) throw new InvalidMessageError([]);
    const { user, session } = connection.identity;
    const invocation = new HandlerInvocation({ ws: connection.ws, user, session, room, messageId });
    bindContext(message, invocation);
    connection.sendQueue.running = invocation;
    const handlerPromise = handler.handle(
      connection.ws,
      message,
      connections.connectedUsers,
      connections.wsInstances,
    );
    const onTimeout = (): void => {
      invocation.abort();
    };
    const result = await withDeadline(handlerPromise, { clock, ms: limits.handlerMs, onTimeout });
    return isPublished(result) ? toResult(result) : { id: invocation.messageId };
  }

  #authorOf({ userId }: Connection): object {
    const author = this.#core.connections.connectedUsers.get(userId);
    const connectedAt = (author?.connectedAt ?? new Date(this.#core.clock.now())).toISOString();
    return { userId, name: userId, ...author, connectedAt };
  }
}

// Asked after an await: TypeScript would believe that the stage is what it was.
function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

function isPublished(value: unknown): value is Published {
  return (
    typeof value === "object" && value !== null && "channel" in value && "offset" in value && "id" in value
  );
}

function toResult({ id, channel, offset }: Published): SendResult {
  return offset === undefined ? { id } : { id, ch: channel, off: offset };
}

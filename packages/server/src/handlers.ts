import type { BuiltinProtocol, ClientMessage, OutgoingMessage } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { AnyConfig } from "./config.ts";
import type { ConnectionTable } from "./connection/connection-table.ts";
import { profileOf } from "./connection/public-profile.ts";
import { assertFitsFrame } from "./delivery/frame-size.ts";
import type { Composer } from "./messages/dispatcher.ts";
import { contextOf, openedAtOf } from "./messages/handler-context.ts";
import { MessageHandler } from "./messages/handler-registry.ts";
import type { HandleArguments } from "./messages/handler-registry.ts";
import type {
  ConnectedUsers,
  GuestIdentity,
  HandlerContext,
  Published,
  WebSocketData,
  WebSocketInstance,
} from "./types.ts";
import { OutcomeUnknownError } from "./utils/errors.ts";

/** The part of a manager that the built-in handlers use. Every manager implements it, with any contract. */
export interface Broadcaster {
  broadcastMessage(message: BuiltinOutgoing, excludeWs?: WebSocketInstance): Promise<Published>;
  sendToRoom(room: string, message: BuiltinOutgoing, excludeWs?: WebSocketInstance): Promise<Published>;
  send(ws: WebSocketInstance, message: { readonly type: "pong" }): void;
}

type BuiltinOutgoing = OutgoingMessage<BuiltinProtocol, "chat_message" | "typing_indicator">;

/** The options of {@link ChatMessageHandler}. */
export interface ChatOptions {
  /** Whether the sender's own connection gets its messages. @default true */
  readonly echoToSender?: boolean | undefined;
  /** Runs before a message is published; a returned `{ content }` replaces the content. @default none */
  readonly beforePublish?: ((message: ChatMessage, context: HandlerContext) => unknown) | undefined;
}

type ChatMessage = ClientMessage<BuiltinProtocol, "chat_message">;

/** Content up to this length certainly fits a frame with its author, whatever its characters are; in UTF-16 units. */
const LONG_CONTENT = 128 * 1024;

/** Returns the function that composes what {@link ChatMessageHandler} publishes; undefined for a handler that may do more than publish. */
export let composerOf: (
  handler: MessageHandler,
  parts: { readonly broadcaster: Broadcaster; readonly connections: Pick<ConnectionTable, "connectedUsers"> },
) => Composer | undefined;

/** Publishes chat messages: to the room they were sent to, otherwise to all connections. */
export class ChatMessageHandler extends MessageHandler<ChatMessage> {
  readonly messageType = "chat_message";
  readonly #broadcaster: Broadcaster;
  readonly #options: ChatOptions;

  static {
    composerOf = (handler, { broadcaster, connections }) => {
      // A subclass may do anything, and so may a custom broadcaster.
      if (!(handler instanceof ChatMessageHandler) || handler.constructor !== ChatMessageHandler)
        return undefined;
      const { beforePublish, echoToSender } = handler.#options;
      if (beforePublish !== undefined || handler.#broadcaster !== broadcaster) return undefined;
      return ({ connection: { client, identity, openedAt }, fields, messageId }) => {
        const { content } = fields as ChatMessage;
        const { connectedUsers } = connections;
        const author = { user: identity.user, openedAt };
        const message = chatMessage({ author, id: messageId(), content, connectedUsers });
        return { message, excluded: echoToSender === false ? client : undefined };
      };
    };
  }

  constructor(broadcaster: Broadcaster, options: ChatOptions = {}) {
    super();
    this.#broadcaster = broadcaster;
    this.#options = options;
  }

  validate(data: unknown): boolean {
    return typeof data === "object" && data !== null && "content" in data && typeof data.content === "string";
  }

  async handle(...[ws, data, connectedUsers]: HandleArguments<ChatMessage>): Promise<Published> {
    const context = contextOf(ws, data);
    const { beforePublish } = this.#options;
    const content =
      beforePublish === undefined ? data.content : await contentAfter(beforePublish, data, context);
    const author = { user: context.user, openedAt: openedAtOf(context) };
    const message = chatMessage({ author, id: context.messageId, content, connectedUsers });
    // Checked before the publish, whose failure would look temporary: this one lasts, however often the client tries again.
    if (content.length > LONG_CONTENT) assertFitsFrame(JSON.stringify(message), "chat_message");
    const except = this.#options.echoToSender === false ? ws : undefined;
    const published =
      context.room === undefined
        ? await this.#broadcaster.broadcastMessage(message, except)
        : await this.#broadcaster.sendToRoom(context.room, message, except);
    // A reply promises that the message is stored, and an error that it is not; neither is certain here.
    if (published.offset === undefined) throw new OutcomeUnknownError();
    return published;
  }
}

/** The content after `beforePublish`, which may replace it. @throws HalyardError `unauthenticated` */
async function contentAfter(
  beforePublish: (message: ChatMessage, context: HandlerContext) => unknown,
  message: ChatMessage,
  context: HandlerContext,
): Promise<string> {
  const override = await beforePublish(message, context);
  // The sender may have been signed out or banned while `beforePublish` ran.
  if (context.signal.aborted) throw new HalyardError("unauthenticated");
  return hasContent(override) ? override.content : message.content;
}

interface ChatMessageInput {
  /** The user, and when the connection opened: what others see of a user whose last connection is lost. */
  readonly author: { readonly user: GuestIdentity["user"]; readonly openedAt: number | undefined };
  readonly id: string;
  readonly content: string;
  readonly connectedUsers: ConnectedUsers;
}

/** A chat message with its author. */
function chatMessage({ author: { user, openedAt = 0 }, id, content, connectedUsers }: ChatMessageInput) {
  const connected = connectedUsers.get(user.id);
  const { connectedAt } = connected ?? { connectedAt: new Date(openedAt) };
  const from = { ...(connected ?? profileOf(user)), connectedAt: connectedAt.toISOString() };
  return { type: "chat_message", id, content, from } as const;
}

/** Where a connection is typing. */
interface Typing {
  /** `undefined` is the global channel. */
  readonly rooms: ReadonlySet<string | undefined>;
  /** Knows the rooms that the connection is in now. */
  readonly context: Pick<HandlerContext, "rooms">;
}

/** Where a connection is typing, without the rooms that it has left since. */
function roomsOf(typing: Typing | undefined): (string | undefined)[] {
  if (typing === undefined) return [];
  const { rooms } = typing.context;
  return [...typing.rooms].filter((room) => room === undefined || rooms.has(room));
}

/** Publishes who is typing, and that they stopped when the connection closes. */
export class TypingIndicatorHandler extends MessageHandler<
  ClientMessage<BuiltinProtocol, "typing_indicator">
> {
  readonly messageType = "typing_indicator";
  readonly #broadcaster: Broadcaster;
  readonly #typing = new Map<WebSocketInstance, Typing>();

  constructor(broadcaster: Broadcaster) {
    super();
    this.#broadcaster = broadcaster;
  }

  validate(data: unknown): boolean {
    return (
      typeof data === "object" && data !== null && "isTyping" in data && typeof data.isTyping === "boolean"
    );
  }

  async handle(
    ...[ws, data]: HandleArguments<ClientMessage<BuiltinProtocol, "typing_indicator">>
  ): Promise<Published> {
    const context = contextOf(ws, data);
    const { room } = context;
    const rooms = new Set(roomsOf(this.#typing.get(ws)));
    if (data.isTyping) rooms.add(room);
    else rooms.delete(room);
    if (rooms.size > 0) this.#typing.set(ws, { rooms, context });
    else this.#typing.delete(ws);
    return this.#publishTyping(ws, room, data.isTyping);
  }

  override onClose(ws: WebSocketInstance<WebSocketData>): void {
    for (const room of roomsOf(this.#typing.get(ws))) void this.#publishTyping(ws, room, false);
    this.#typing.delete(ws);
  }

  #publishTyping(
    ws: WebSocketInstance<WebSocketData>,
    room: string | undefined,
    isTyping: boolean,
  ): Promise<Published> {
    const message = { type: "typing_indicator", userId: ws.data.userId, isTyping } as const;
    return room === undefined
      ? this.#broadcaster.broadcastMessage(message, ws)
      : this.#broadcaster.sendToRoom(room, message, ws);
  }
}

/** Answers a `ping` with a `pong`. */
export class PingHandler extends MessageHandler {
  readonly messageType = "ping";
  readonly #broadcaster: Pick<Broadcaster, "send">;

  constructor(broadcaster: Pick<Broadcaster, "send">) {
    super();
    this.#broadcaster = broadcaster;
  }

  validate(): boolean {
    return true;
  }

  handle(ws: WebSocketInstance<WebSocketData>): void {
    this.#broadcaster.send(ws, { type: "pong" });
  }
}

function hasContent(value: unknown): value is { readonly content: string } {
  return (
    typeof value === "object" && value !== null && "content" in value && typeof value.content === "string"
  );
}

/** The handlers of the built-in messages that the configuration does not switch off. */
export function builtInHandlers(
  { builtIns = {}, echoToSender, chat }: AnyConfig,
  broadcaster: Broadcaster,
  ping: PingHandler,
): MessageHandler[] {
  const handlers: MessageHandler[] = [ping];
  if (builtIns.chat !== false) {
    const beforePublish = chat?.beforePublish;
    handlers.push(new ChatMessageHandler(broadcaster, { echoToSender, beforePublish }));
  }
  if (builtIns.typing !== false) handlers.push(new TypingIndicatorHandler(broadcaster));
  return handlers;
}

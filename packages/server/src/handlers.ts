import type {
  AnyProtocol,
  BuiltinProtocol,
  ClientMessage,
  ClientMessages,
  OutgoingMessage,
} from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { contextOf } from "./messages/handler-context.ts";
import type {
  ConnectedUsers,
  GuestIdentity,
  HandlerContext,
  Identity,
  Published,
  WebSocketData,
  WebSocketInstance,
  WebSocketInstances,
} from "./types.ts";

/**
 * Processes one message type. A class, so that `implements` works as with an interface and the name exists at run time.
 *
 * When it throws or rejects, its sender gets a typed error and `onError` hears of it; nobody else notices.
 */
export abstract class MessageHandler<TMessage = unknown> {
  abstract readonly messageType: string;
  /** Whether this is a message to handle. Runs after the schema of the type, where the contract has one. */
  abstract validate(data: unknown): boolean;
  abstract handle(
    ws: WebSocketInstance<WebSocketData>,
    data: TMessage,
    connectedUsers: ConnectedUsers,
    wsInstances: WebSocketInstances,
  ): unknown;
  /** A connection has closed, whether it ever sent such a message or not. */
  onClose?(ws: WebSocketInstance<WebSocketData>): void;
}

/** For a handler class whose parameters should need no annotations: `handle(...[ws, data]: HandleArguments<Vote>)`. */
export type HandleArguments<TMessage = unknown> = Parameters<MessageHandler<TMessage>["handle"]>;

type RequestInput<
  TProtocol extends AnyProtocol,
  TName extends keyof TProtocol["requests"],
> = TProtocol["requests"][TName]["input"]["_zod"]["output"];
type RequestOutput<
  TProtocol extends AnyProtocol,
  TName extends keyof TProtocol["requests"],
> = TProtocol["requests"][TName]["output"]["_zod"]["input"];

export type AnyRequestHandler = (input: unknown, context: HandlerContext) => unknown;

/**
 * Finds the handler of a message. An application's handler takes the place of a built-in one; a second one of the
 * application for the same type throws a TypeError.
 */
export class MessageHandlerRegistry<
  TProtocol extends AnyProtocol = BuiltinProtocol,
  TIdentity extends Identity = GuestIdentity,
> {
  readonly #handlers = new Map<string, MessageHandler>();
  readonly #builtIns = new Map<string, MessageHandler>();
  readonly #requests = new Map<string, AnyRequestHandler>();

  /** @param builtIns handlers that the application's own may replace. @default none */
  constructor(builtIns: readonly MessageHandler[] = []) {
    for (const handler of builtIns) this.#builtIns.set(handler.messageType, handler);
  }

  /**
   * Handles one message type, typed by the contract.
   *
   * @throws TypeError when the application handles this type already
   * @example
   * handlers.on("poll_vote", (message, { user, room }) => votes.add(message.option, user.id));
   */
  on<TType extends keyof ClientMessages<TProtocol> & string>(
    type: TType,
    handler: (message: ClientMessage<TProtocol, TType>, context: HandlerContext<TIdentity>) => unknown,
  ): this {
    return this.register(
      new FunctionHandler(type, handler as (message: unknown, context: HandlerContext) => unknown),
    );
  }

  /**
   * Answers one request, typed by the contract. What it returns is sent after the output schema has seen it.
   *
   * @throws TypeError when the application answers this request already
   */
  onRequest<TName extends keyof TProtocol["requests"] & string>(
    name: TName,
    handler: (
      input: RequestInput<TProtocol, TName>,
      context: HandlerContext<TIdentity>,
    ) => RequestOutput<TProtocol, TName> | Promise<RequestOutput<TProtocol, TName>>,
  ): this {
    if (this.#requests.has(name)) throw new TypeError(`the request ${name} has a handler already`);
    this.#requests.set(name, handler as AnyRequestHandler);
    return this;
  }

  /** @throws TypeError when the application handles this type already */
  register(handler: MessageHandler): this {
    const { messageType } = handler;
    if (this.#handlers.has(messageType))
      throw new TypeError(`the message type ${messageType} has a handler already`);
    this.#handlers.set(messageType, handler);
    return this;
  }

  /** The handler of a type: the application's, else the built-in one. */
  find(messageType: string): MessageHandler | undefined {
    return this.#handlers.get(messageType) ?? this.#builtIns.get(messageType);
  }

  findRequest(name: string): AnyRequestHandler | undefined {
    return this.#requests.get(name);
  }

  /** Every handler in force. */
  *all(): Iterable<MessageHandler> {
    yield* this.#handlers.values();
    for (const [type, handler] of this.#builtIns) if (!this.#handlers.has(type)) yield handler;
  }
}

class FunctionHandler extends MessageHandler {
  readonly messageType: string;
  readonly #handle: (message: unknown, context: HandlerContext) => unknown;

  constructor(messageType: string, handle: (message: unknown, context: HandlerContext) => unknown) {
    super();
    this.messageType = messageType;
    this.#handle = handle;
  }

  validate(): boolean {
    return true; // The schema has spoken.
  }

  handle(ws: WebSocketInstance<WebSocketData>, data: unknown): unknown {
    return this.#handle(data, contextOf(ws, data));
  }
}

/** What the built-in handlers need of a manager; every manager is one, whatever its contract. */
export interface Broadcaster {
  broadcastMessage(message: BuiltinOutgoing, excludeWs?: WebSocketInstance): Promise<Published>;
  sendToRoom(room: string, message: BuiltinOutgoing, excludeWs?: WebSocketInstance): Promise<Published>;
  send(ws: WebSocketInstance, message: { readonly type: "pong" }): void;
}

type BuiltinOutgoing = OutgoingMessage<BuiltinProtocol, "chat_message" | "typing_indicator">;

export interface ChatOptions {
  /** @default true */
  readonly echoToSender?: boolean | undefined;
  readonly beforePublish?: ((message: ChatMessage, context: HandlerContext) => unknown) | undefined;
}

type ChatMessage = ClientMessage<BuiltinProtocol, "chat_message">;

/** Publishes chat messages: to the room that they were sent to, or to everyone. */
export class ChatMessageHandler extends MessageHandler<ChatMessage> {
  readonly messageType = "chat_message";
  readonly #broadcaster: Broadcaster;
  readonly #options: ChatOptions;

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
    const override = await this.#options.beforePublish?.(data, context);
    // While the application was storing it, the sender may have been signed out or banned.
    if (context.signal.aborted) throw new HalyardError("unauthenticated");
    const content = hasContent(override) ? override.content : data.content;
    const author = connectedUsers.get(ws.data.userId);
    const from = {
      userId: ws.data.userId,
      name: author?.name ?? ws.data.name ?? ws.data.userId,
      ...(author?.image === undefined ? {} : { image: author.image }),
      connectedAt: (author?.connectedAt ?? new Date(0)).toISOString(),
    };
    const message = { type: "chat_message", id: context.messageId, content, from } as const;
    const except = this.#options.echoToSender === false ? ws : undefined;
    const published =
      context.room === undefined
        ? await this.#broadcaster.broadcastMessage(message, except)
        : await this.#broadcaster.sendToRoom(context.room, message, except);
    // Acknowledged means stored: a message without a place in its channel must not look delivered.
    if (published.offset === undefined)
      throw new HalyardError("unavailable", undefined, { retryAfterMs: 1_000 });
    return published;
  }
}

/** Tells the others who is typing, and that they have stopped when their connection closes. */
export class TypingIndicatorHandler extends MessageHandler<
  ClientMessage<BuiltinProtocol, "typing_indicator">
> {
  readonly messageType = "typing_indicator";
  readonly #broadcaster: Broadcaster;
  /** Where each connection types; `undefined` stands for everyone. */
  readonly #typingRooms = new Map<WebSocketInstance, Set<string | undefined>>();

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
    const { room } = contextOf(ws, data);
    const rooms = this.#typingRooms.get(ws) ?? new Set();
    if (data.isTyping) rooms.add(room);
    else rooms.delete(room);
    if (rooms.size > 0) this.#typingRooms.set(ws, rooms);
    else this.#typingRooms.delete(ws);
    return this.#publishTyping(ws, room, data.isTyping);
  }

  override onClose(ws: WebSocketInstance<WebSocketData>): void {
    for (const room of this.#typingRooms.get(ws) ?? []) void this.#publishTyping(ws, room, false);
    this.#typingRooms.delete(ws);
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

/** Answers a client's probe. */
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

import type { AnyProtocol, BuiltinProtocol, ClientMessage, ClientMessages } from "@halyard/protocol";
import { contextOf } from "./handler-context.ts";
import type {
  ConnectedUsers,
  GuestIdentity,
  HandlerContext,
  Identity,
  WebSocketData,
  WebSocketInstance,
  WebSocketInstances,
} from "../types.ts";

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

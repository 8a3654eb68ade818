import type { AnyProtocol, BuiltinProtocol, ClientMessage, ClientMessages, RoomIn } from "@halyard/protocol";
import { RESERVED_PREFIX } from "@halyard/protocol";
import type { Middleware, MiddlewareContext } from "../application/middleware.ts";
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
 * Handles the messages of one type. A class, so that the name also exists at run time; `implements` works as well.
 *
 * When `handle` throws or rejects, the sender gets a typed error and `onError` gets the error; no other connection is
 * affected.
 */
export abstract class MessageHandler<TMessage = unknown> {
  abstract readonly messageType: string;
  /** Whether the message is valid. Runs after the schema of the type, where the contract has one. */
  abstract validate(data: unknown): boolean;
  abstract handle(
    ws: WebSocketInstance<WebSocketData>,
    data: TMessage,
    connectedUsers: ConnectedUsers,
    wsInstances: WebSocketInstances,
  ): unknown;
  /** Called when any connection has closed, even one that never sent a message of this type. */
  onClose?(ws: WebSocketInstance<WebSocketData>): void;
}

/** The parameters of `handle`, for a class without annotations on each: `handle(...[ws, data]: HandleArguments<Vote>)`. */
export type HandleArguments<TMessage = unknown> = Parameters<MessageHandler<TMessage>["handle"]>;

type RequestInput<
  TProtocol extends AnyProtocol,
  TName extends keyof TProtocol["requests"],
> = TProtocol["requests"][TName]["input"]["_zod"]["output"];
type RequestOutput<
  TProtocol extends AnyProtocol,
  TName extends keyof TProtocol["requests"],
> = TProtocol["requests"][TName]["output"]["_zod"]["input"];

/** The handler of a request, without its types. */
export type AnyRequestHandler = (input: unknown, context: HandlerContext) => unknown;

/**
 * The handlers of messages and requests. A handler of the application replaces a built-in one; a second one of the
 * application for the same type throws a TypeError.
 */
export class MessageHandlerRegistry<
  TProtocol extends AnyProtocol = BuiltinProtocol,
  TIdentity extends Identity = GuestIdentity,
  TData extends object = {},
> {
  readonly #handlers = new Map<string, MessageHandler>();
  readonly #builtIns = new Map<string, MessageHandler>();
  readonly #requests = new Map<string, AnyRequestHandler>();
  readonly #middleware: Middleware[] = [];
  readonly #protocol: AnyProtocol | undefined;

  /**
   * @param builtIns handlers that handlers of the application may replace. @default none
   * @param protocol the contract, whose names are checked. @default none: every name is accepted
   */
  constructor(builtIns: readonly MessageHandler[] = [], protocol?: AnyProtocol) {
    this.#protocol = protocol;
    for (const handler of builtIns) this.#builtIns.set(handler.messageType, handler);
  }

  /**
   * Adds a handler of one message type, typed by the contract. The handler of a type with `result` returns it; of any other
   * type, what the handler returns is ignored.
   *
   * @throws TypeError when the application handles this type already, and for a message that only the server sends
   * @example
   * handlers.on("poll_vote", (message, { user, room }) => votes.add(message.option, user.id));
   */
  on<TType extends keyof ClientMessages<TProtocol> & string>(
    type: TType,
    handler: (
      message: ClientMessage<TProtocol, TType>,
      context: HandlerContext<TIdentity, TData, RoomIn[ClientMessages<TProtocol>[TType]["room"]]>,
    ) => ClientMessages<TProtocol>[TType]["result"]["returned"],
  ): this {
    const { clientMessages, serverMessages } = this.#protocol ?? { clientMessages: {}, serverMessages: {} };
    if (type in serverMessages && !(type in clientMessages))
      throw new TypeError(
        `${type} is a message that the server sends, and clients do not: write client.on("${type}", …) in the client`,
      );
    return this.register(
      new FunctionHandler(type, handler as (message: unknown, context: HandlerContext) => unknown),
    );
  }

  /**
   * Adds the handler of one request, typed by the contract. Its result is sent after the output schema has parsed it.
   *
   * @throws TypeError when the application answers this request already, and for one that the contract does not have
   */
  onRequest<TName extends keyof TProtocol["requests"] & string>(
    name: TName,
    handler: (
      input: RequestInput<TProtocol, TName>,
      context: HandlerContext<TIdentity, TData, RoomIn[TProtocol["requests"][TName]["room"]]>,
    ) => RequestOutput<TProtocol, TName> | Promise<RequestOutput<TProtocol, TName>>,
  ): this {
    if (this.#requests.has(name)) throw new TypeError(`the request ${name} has a handler already`);
    if (this.#protocol !== undefined && !(name in this.#protocol.requests))
      throw new TypeError(
        name in this.#protocol.serverRequests
          ? `the server asks ${name}, and clients answer it: write client.onRequest("${name}", …)`
          : `the contract has no request ${name}: write defineProtocol({ requests: { ${name}: request({ … }) } })`,
      );
    this.#requests.set(name, handler as AnyRequestHandler);
    return this;
  }

  /**
   * Adds a handler object.
   *
   * @throws TypeError when the application handles this type already, or the type is reserved for later versions
   */
  register(handler: MessageHandler): this {
    const { messageType } = handler;
    if (messageType.startsWith(RESERVED_PREFIX) || messageType === "presence_update")
      throw new TypeError(`${messageType} is a message type of Halyard's own: choose another name`);
    if (this.#handlers.has(messageType))
      throw new TypeError(`the message type ${messageType} has a handler already`);
    this.#handlers.set(messageType, handler);
    return this;
  }

  /**
   * Adds middleware, which runs around the handler of each message and request, built-in handlers and relays included (but
   * not around `ping` and `users`), in the order of the calls. `next()` resolves to what the handler returned and rejects
   * with what it threw; what middleware returns is ignored.
   *
   * Whatever middleware throws is the error of the call: a `HalyardError` goes to the sender, anything else is `internal` and
   * goes to `onError`, as does middleware that returns without `next()` or calls it twice. An error of the handler stays one
   * when middleware catches it.
   *
   * @example
   * handlers.use(async ({ type, user }, next) => {
   *   const start = performance.now();
   *   await next();
   *   log(type, user.id, performance.now() - start);
   * });
   */
  use(
    middleware: (
      context: MiddlewareContext<TProtocol, TIdentity, TData>,
      next: () => Promise<unknown>,
    ) => unknown,
  ): this {
    this.#middleware.push(middleware as Middleware);
    return this;
  }

  /** The middleware, in the order of the calls of {@link use}. */
  get middleware(): readonly Middleware[] {
    return this.#middleware;
  }

  /** The handler of a message type: the application's, otherwise the built-in one. */
  find(messageType: string): MessageHandler | undefined {
    return this.#handlers.get(messageType) ?? this.#builtIns.get(messageType);
  }

  /** The handler of a request. */
  findRequest(name: string): AnyRequestHandler | undefined {
    return this.#requests.get(name);
  }

  /** Every handler that {@link find} can return. */
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
    return true; // The schema of the contract has validated the message.
  }

  handle(ws: WebSocketInstance<WebSocketData>, data: unknown): unknown {
    return this.#handle(data, contextOf(ws, data));
  }
}

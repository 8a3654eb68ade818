import type {
  ConnectionContext,
  GuestIdentity,
  HandlerContext,
  WebSocketData,
  WebSocketInstance,
} from "../types.ts";
import { newMessageId } from "../utils/ids.ts";

/** What a context is made of. A connection is one. */
export interface ContextSource {
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly id: string;
  readonly identity: { readonly user: GuestIdentity["user"]; readonly session?: unknown };
  readonly rooms: ReadonlySet<string> | undefined;
  data: object | undefined;
}

/** The context of a connection, for hooks and handlers. */
export class ContextOfConnection implements ConnectionContext {
  readonly ws: WebSocketInstance<WebSocketData>;
  user: GuestIdentity["user"];
  session: unknown;
  readonly connectionId: string;
  readonly #source: ContextSource;

  constructor(source: ContextSource) {
    this.ws = source.ws;
    this.user = source.identity.user;
    this.session = source.identity.session;
    this.connectionId = source.id;
    this.#source = source;
  }

  /** Takes the identity that the connection has now. */
  renewIdentity(): void {
    this.user = this.#source.identity.user;
    this.session = this.#source.identity.session;
  }

  /** A copy: the connection's own set is not for the application to change. */
  get rooms(): ReadonlySet<string> {
    return new Set(this.#source.rooms);
  }

  get data(): object {
    return (this.#source.data ??= {});
  }
}

/** What a {@link HandlerInvocation} is made of beside its connection. */
interface InvocationInput {
  readonly room: string | undefined;
  readonly messageId: () => string;
}

/**
 * The context of one call of a handler. One is made per message, so its id and its signal, which few handlers read, are made
 * at the first read.
 */
export class HandlerInvocation extends ContextOfConnection implements HandlerContext {
  readonly room: string | undefined;
  readonly #makeId: () => string;
  #messageId: string | undefined;
  #controller: AbortController | undefined;
  #isFinished = false;

  constructor(source: ContextSource, { room, messageId }: InvocationInput) {
    super(source);
    this.room = room;
    this.#makeId = messageId;
  }

  get messageId(): string {
    this.#messageId ??= this.#makeId();
    return this.#messageId;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isFinished) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Whether the call is over: at the timeout, or because the sender was signed out or banned. */
  get isAborted(): boolean {
    return this.#isFinished;
  }

  /** Aborts the signal: at the timeout, or when the sender is signed out or banned. */
  abort(): void {
    this.#isFinished = true;
    this.#controller?.abort();
  }
}

/** What is on its way to its handler, for middleware. */
interface CallInput extends InvocationInput {
  readonly kind: "message" | "request";
  readonly type: string;
  readonly input: unknown;
}

/** A {@link HandlerInvocation} that middleware sees, too. */
export class MiddlewareInvocation extends HandlerInvocation {
  readonly kind: "message" | "request";
  readonly type: string;
  readonly input: unknown;

  constructor(source: ContextSource, call: CallInput) {
    super(source, call);
    this.kind = call.kind;
    this.type = call.type;
    this.input = call.input;
  }
}

/**
 * Where a message object has its context while it is handled: `handle` has four promised parameters and none for the context.
 * Not enumerable, so that no copy, JSON or comparison of the message has it; the same symbol in every copy of this package.
 */
const CONTEXT: unique symbol = Symbol.for("halyard.context.1");

/** Sets the context that {@link contextOf} returns for a message, which was made for one call of a handler. */
export function bindContext(message: object, context: HandlerContext): void {
  Object.defineProperty(message, CONTEXT, { configurable: true, value: context });
}

/** The context of a message; one made of `ws.data` when the application called `handle` itself. */
export function contextOf(ws: WebSocketInstance<WebSocketData>, message: unknown): HandlerContext {
  const bound = (message as { readonly [CONTEXT]?: HandlerContext } | null | undefined)?.[CONTEXT];
  if (bound !== undefined) return bound;
  const { userId, name, image } = ws.data;
  const identity = { user: { id: userId, name, image } };
  const source = { ws, id: "", identity, rooms: undefined, data: undefined };
  return new HandlerInvocation(source, { room: undefined, messageId: newMessageId });
}

import type {
  ConnectionContext,
  GuestIdentity,
  HandlerContext,
  WebSocketData,
  WebSocketInstance,
} from "../types.ts";
import { newMessageId } from "../utils/ids.ts";

/** The fields from which a context is created. A connection has them. */
export interface ContextSource {
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly id: string;
  readonly identity: { readonly user: GuestIdentity["user"]; readonly session?: unknown };
  readonly rooms: ReadonlySet<string> | undefined;
  /** When the connection opened, in ms since 1970. @default unknown */
  readonly openedAt?: number | undefined;
  data: object | undefined;
}

/** When the connection of a context opened, in ms since 1970, if that is known. Not a field, because the application gets the context. */
export let openedAtOf: (context: ConnectionContext) => number | undefined;

/** The context of a connection, as hooks and handlers receive it. */
export class ContextOfConnection implements ConnectionContext {
  readonly ws: WebSocketInstance<WebSocketData>;
  user: GuestIdentity["user"];
  session: unknown;
  readonly connectionId: string;
  readonly #source: ContextSource;

  static {
    openedAtOf = (context) => (context instanceof ContextOfConnection ? context.#source.openedAt : undefined);
  }

  constructor(source: ContextSource) {
    this.ws = source.ws;
    this.user = source.identity.user;
    this.session = source.identity.session;
    this.connectionId = source.id;
    this.#source = source;
  }

  /** Copies the connection's current identity. */
  renewIdentity(): void {
    this.user = this.#source.identity.user;
    this.session = this.#source.identity.session;
  }

  /** A copy, so that the application cannot change the connection's own set. */
  get rooms(): ReadonlySet<string> {
    return new Set(this.#source.rooms);
  }

  get data(): object {
    return (this.#source.data ??= {});
  }
}

/** The arguments of a {@link HandlerInvocation} besides its connection. */
interface InvocationInput {
  readonly room: string | undefined;
  readonly messageId: () => string;
}

/**
 * The context of one call of a handler. One is created per message; its id and signal, which few handlers read, are created
 * when they are first read.
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

/** The call as middleware sees it. */
interface CallInput extends InvocationInput {
  readonly kind: "message" | "request";
  readonly type: string;
  readonly input: unknown;
}

/** A {@link HandlerInvocation} with the additional fields that middleware sees. */
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
 * The key under which a message object carries its context while it is handled, because the four parameters of `handle` are fixed.
 * The property is not enumerable, so that copies, JSON and comparisons ignore it. All copies of this package use the same symbol.
 */
const CONTEXT: unique symbol = Symbol.for("halyard.context.1");

/** Sets the context that {@link contextOf} returns for a message object, which exists for one call of a handler. */
export function bindContext(message: object, context: HandlerContext): void {
  Object.defineProperty(message, CONTEXT, { configurable: true, value: context });
}

/** The context of a message; created from `ws.data` if the application called `handle` itself. */
export function contextOf(ws: WebSocketInstance<WebSocketData>, message: unknown): HandlerContext {
  const bound = (message as { readonly [CONTEXT]?: HandlerContext } | null | undefined)?.[CONTEXT];
  if (bound !== undefined) return bound;
  const { userId, name, image } = ws.data;
  const identity = { user: { id: userId, name, image } };
  const source = { ws, id: "", identity, rooms: undefined, data: undefined };
  return new HandlerInvocation(source, { room: undefined, messageId: newMessageId });
}

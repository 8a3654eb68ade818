import type {
  ConnectionContext,
  GuestIdentity,
  HandlerContext,
  WebSocketData,
  WebSocketInstance,
} from "../types.ts";
import { newMessageId } from "../utils/ids.ts";

/** What a {@link HandlerInvocation} is made of. */
interface HandlerInvocationInput extends ConnectionContext {
  readonly room: string | undefined;
  readonly messageId: () => string;
}

/**
 * The context of one call of a handler. One is made per message, so its id and its signal, which few handlers read, are made
 * at the first read.
 */
export class HandlerInvocation implements HandlerContext {
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly user: GuestIdentity["user"];
  readonly session: unknown;
  readonly room: string | undefined;
  readonly #makeId: () => string;
  #messageId: string | undefined;
  #controller: AbortController | undefined;
  #isFinished = false;

  constructor({ ws, user, session, room, messageId }: HandlerInvocationInput) {
    this.ws = ws;
    this.user = user;
    this.session = session;
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

  /** Aborts the signal: at the timeout, or when the sender is signed out or banned. */
  abort(): void {
    this.#isFinished = true;
    this.#controller?.abort();
  }
}

/**
 * The context of each message object that is being handled. `handle` has four promised parameters and none for the context.
 * A message object is made for one call of a handler and never shared, so it can be the key.
 */
const contextByMessage = new WeakMap<object, HandlerContext>();

/** Sets the context that {@link contextOf} returns for a message. */
export function bindContext(message: object, context: HandlerContext): void {
  contextByMessage.set(message, context);
}

/** The context of a message; one made of `ws.data` when the application called `handle` itself. */
export function contextOf(ws: WebSocketInstance<WebSocketData>, message: unknown): HandlerContext {
  const bound = typeof message === "object" && message !== null ? contextByMessage.get(message) : undefined;
  if (bound !== undefined) return bound;
  const { userId, name, image } = ws.data;
  return new HandlerInvocation({
    ws,
    user: { id: userId, name, image },
    session: undefined,
    room: undefined,
    messageId: newMessageId,
  });
}

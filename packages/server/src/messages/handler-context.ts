import type {
  ConnectionContext,
  GuestIdentity,
  HandlerContext,
  WebSocketData,
  WebSocketInstance,
} from "../types.ts";
import { newMessageId } from "../utils/new-message-id.ts";

export interface HandlerInvocationInput extends ConnectionContext {
  readonly room: string | undefined;
  readonly messageId: () => string;
}

/** What a handler knows of the message it handles. Made per message, so what few handlers read is made when asked for. */
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

  /** The handler's time is up. */
  abort(): void {
    this.#isFinished = true;
    this.#controller?.abort();
  }
}

/**
 * Context travels beside the message, because `handle` keeps the four parameters that it was promised with. A message
 * object is made for one handling and never shared, so it can be the key.
 */
const contextByMessage = new WeakMap<object, HandlerContext>();

export function bindContext(message: object, context: HandlerContext): void {
  contextByMessage.set(message, context);
}

/** The context of a message that is being handled; a bare one when `handle` was called by hand. */
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

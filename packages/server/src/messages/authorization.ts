import { GLOBAL_CHANNEL } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../server-context.ts";
import { isThenable, withDeadline } from "../utils/with-deadline.ts";
import { ForbiddenError } from "../utils/errors.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { AuthorizeRequest } from "../types.ts";

type Action = AuthorizeRequest["action"];

/** Asks the application who may do what. Without an answer rooms are closed and `all` is open. */
export class Authorization {
  readonly #core: ServerContext;
  #hasLoggedHint = false;

  constructor(core: ServerContext) {
    this.#core = core;
  }

  /** Never fails: an `authorize` that fails or hangs says no, and `onError` hears of it. */
  allows(connection: Connection, action: Action, room: string): MaybePromise<boolean> {
    try {
      const answer = this.#callAuthorize(connection, action, room);
      return answer instanceof Promise ? this.#denyOnError(connection, answer) : answer;
    } catch (error) {
      return this.#deny(connection, error);
    }
  }

  async #denyOnError(connection: Connection, answer: Promise<boolean>): Promise<boolean> {
    try {
      return await answer;
    } catch (error) {
      return this.#deny(connection, error);
    }
  }

  #deny({ ws }: Connection, error: unknown): false {
    this.#core.report(error, { type: "authorize", ws });
    return false;
  }

  /** @throws HalyardError `forbidden`, `timeout`, or what `authorize` itself throws */
  async assertAllowed(connection: Connection, action: Action, room: string): Promise<void> {
    if (!(await this.#callAuthorize(connection, action, room))) throw new ForbiddenError(action);
  }

  #callAuthorize(connection: Connection, action: Action, room: string): MaybePromise<boolean> {
    const { config, clock, limits } = this.#core;
    if (config.authorize === undefined) {
      if (room !== GLOBAL_CHANNEL) this.#hint(room);
      return room === GLOBAL_CHANNEL;
    }
    const { user, session } = connection.identity;
    const answer = config.authorize({ user, session, action, room });
    return isThenable(answer) ? withDeadline(answer, { clock, ms: limits.handlerMs }) : answer;
  }

  #hint(room: string): void {
    if (this.#hasLoggedHint) return;
    this.#hasLoggedHint = true;
    const line = "createWebSocketSystem({ authorize: ({ user, action, room }) => true })";
    this.#core.logger.warn({ room }, `rooms are refused until the application says who may join: ${line}`);
  }
}

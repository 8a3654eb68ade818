import { ALL } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { Core } from "./server-context.ts";
import { isThenable, withDeadline } from "../utils/with-deadline.ts";
import { NotAllowed } from "../utils/errors.ts";
import type { Eventual } from "../utils/maybe-promise.ts";
import type { AuthorizeRequest } from "../types.ts";

type Action = AuthorizeRequest["action"];

/** Asks the application who may do what. Without an answer rooms are closed and `all` is open. */
export class Authorization {
  readonly #core: Core;
  #hasHinted = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Never fails: an `authorize` that fails or hangs says no, and `onError` hears of it. */
  allows(connection: Connection, action: Action, room: string): Eventual<boolean> {
    try {
      const answer = this.#ask(connection, action, room);
      return answer instanceof Promise ? this.#unlessFailing(connection, answer) : answer;
    } catch (error) {
      return this.#deny(connection, error);
    }
  }

  async #unlessFailing(connection: Connection, answer: Promise<boolean>): Promise<boolean> {
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
  async demand(connection: Connection, action: Action, room: string): Promise<void> {
    if (!(await this.#ask(connection, action, room))) throw new NotAllowed(action);
  }

  #ask(connection: Connection, action: Action, room: string): Eventual<boolean> {
    const { config, clock, limits } = this.#core;
    if (config.authorize === undefined) {
      if (room !== ALL) this.#hint(room);
      return room === ALL;
    }
    const { user, session } = connection.identity;
    const answer = config.authorize({ user, session, action, room });
    return isThenable(answer) ? withDeadline(answer, { clock, ms: limits.handlerMs }) : answer;
  }

  #hint(room: string): void {
    if (this.#hasHinted) return;
    this.#hasHinted = true;
    const line = "createWebSocketSystem({ authorize: ({ user, action, room }) => true })";
    this.#core.logger.warn({ room }, `rooms are refused until the application says who may join: ${line}`);
  }
}

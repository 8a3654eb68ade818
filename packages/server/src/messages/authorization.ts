// Calls the application's `authorize`, with a deadline and a default. Used before each join, publish, presence list and
// replay by the rooms, the dispatchers and the handshake. Without `authorize`, rooms are refused and `all` is allowed.
// It is not asked about a room that the server gave: a member may read such a room in any case.
import { GLOBAL_CHANNEL } from "../channels/channel-name.ts";
import { isPromise, isThenable } from "@halyard/protocol/internal";
import type { ApplicationGuard } from "../application/application-guard.ts";
import { isBoolean } from "../application/application-guard.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { AuthorizeRequest, Clock } from "../types.ts";
import { ForbiddenError } from "../utils/errors.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";

type Action = AuthorizeRequest["action"];

interface AuthorizationParts {
  readonly authorize: ((request: AuthorizeRequest) => boolean | Promise<boolean>) | undefined;
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handlerMs">;
  readonly guard: ApplicationGuard;
}

/** Asks the application what a user may do. */
export class Authorization {
  readonly #parts: AuthorizationParts;
  #hasLoggedHint = false;

  constructor(parts: AuthorizationParts) {
    this.#parts = parts;
  }

  /** Whether the application has an `authorize` function. */
  get isConfigured(): boolean {
    return this.#parts.authorize !== undefined;
  }

  /** Like {@link ask}, but asks again if the connection's rights change meanwhile, so that the answer applies to its current rights. */
  allows(connection: Connection, action: Action, room: string): MaybePromise<boolean> {
    const version = connection.rightsVersion;
    const answer = this.ask(connection, action, room);
    if (!isPromise(answer)) return answer;
    return answer.then((isAllowed) =>
      version === connection.rightsVersion ? isAllowed : this.allows(connection, action, room),
    );
  }

  /** Asks `authorize`. Never throws or rejects: if it fails or exceeds `handlerMs`, the answer is no, and `onError` gets the error. */
  ask(connection: Connection, action: Action, room: string): MaybePromise<boolean> {
    if (isGiven(connection, action, room)) return true;
    try {
      const answer = this.#callAuthorize(connection, action, room);
      return isPromise(answer) ? this.#denyOnError(connection, answer) : this.#isYes(connection, answer);
    } catch (error) {
      return this.#deny(connection, error);
    }
  }

  async #denyOnError(connection: Connection, answer: Promise<unknown>): Promise<boolean> {
    try {
      return this.#isYes(connection, await answer);
    } catch (error) {
      return this.#deny(connection, error);
    }
  }

  #deny({ ws }: Connection, error: unknown): false {
    this.#parts.guard.report(error, { type: "authorize", ws });
    return false;
  }

  /** @throws HalyardError `forbidden`, `timeout`, or what `authorize` throws */
  assertAllowed(connection: Connection, action: Action, room: string): MaybePromise<void> {
    if (isGiven(connection, action, room)) return;
    return andThen(this.#callAuthorize(connection, action, room), (answer) => {
      // The server may have given the room meanwhile.
      if (!this.#isYes(connection, answer) && !isGiven(connection, action, room)) throw this.refusal(action);
    });
  }

  /** The error for an action that {@link ask} refuses. */
  refusal(action: Action): ForbiddenError {
    return new ForbiddenError(action, this.isConfigured ? {} : { rule: "there is no authorize" });
  }

  #callAuthorize(connection: Connection, action: Action, room: string): unknown {
    const { authorize, clock, limits } = this.#parts;
    if (authorize === undefined) {
      if (room !== GLOBAL_CHANNEL) this.#hint(room);
      return room === GLOBAL_CHANNEL;
    }
    const { user, session } = connection.identity;
    const answer = authorize({ user, session, action, room });
    return isThenable(answer) ? withDeadline(answer, { clock, ms: limits.handlerMs }) : answer;
  }

  /** Only `true` allows. Any other value denies, because a database row that was found is not yet a right. */
  #isYes({ ws }: Connection, answer: unknown): boolean {
    if (isBoolean(answer)) return answer;
    this.#parts.guard.reportAnswer("authorize", answer, ws);
    return false;
  }

  #hint(room: string): void {
    if (this.#hasLoggedHint) return;
    this.#hasLoggedHint = true;
    const line = "createWebSocketSystem({ authorize: ({ user, action, room }) => true })";
    this.#parts.guard.logger.warn(
      { room },
      `rooms are refused until the application says who may join: ${line}`,
    );
  }
}

/** Whether the server gave the room: its member may then read it, its history and its list of users. */
function isGiven({ givenRooms }: Connection, action: Action, room: string): boolean {
  return action !== "publish" && givenRooms?.has(room) === true;
}

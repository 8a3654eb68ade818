import { HalyardError } from "@halyard/protocol/wire";
import type { AuthContext } from "better-auth";
import type { AuthRuntime, BetterAuthInstance, SessionOf } from "./auth-instance.js";
import { freshUser, isBanned } from "./ban.js";
import type { SessionClock } from "./options.js";
import { headersOf } from "./session-cookie.js";

export interface SessionReaderOptions {
  readonly retryAfterMs: number;
  readonly clock: SessionClock;
}

/** Looks sessions up where they are stored: never in the cookie's own copy, and never extending them. */
export class SessionReader<TAuth extends BetterAuthInstance> {
  readonly #auth: AuthRuntime;
  readonly #options: SessionReaderOptions;

  constructor(auth: AuthRuntime, options: SessionReaderOptions) {
    this.#auth = auth;
    this.#options = options;
  }

  /** @throws HalyardError `unavailable` when Better Auth could not start */
  async context(): Promise<AuthContext> {
    try {
      return await this.#auth.$context;
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  /**
   * @returns the session that these headers carry, or `null`
   * @throws HalyardError `forbidden` for a banned user, `unavailable` when the store does not answer
   */
  async read(headers: Headers): Promise<SessionOf<TAuth> | null> {
    const context = await this.context();
    try {
      const session = await this.#getSession(context, headers);
      if (session === null) return null;
      const row = await freshUser(context, session.user.id);
      if (row === null) return null;
      if (isBanned(row ?? session.user, this.#options.clock.now()))
        throw new HalyardError("forbidden", "This user is banned.");
      return session;
    } catch (error) {
      return this.#refusal(error);
    }
  }

  /** The same for a session that no browser sends right now. `host` counts where baseURL is found out per request. */
  async readToken(token: string, host: string | undefined): Promise<SessionOf<TAuth> | null> {
    return this.read(await headersOf(await this.context(), token, host));
  }

  unavailable(cause: unknown): HalyardError {
    const { retryAfterMs, clock } = this.#options;
    const spread = Math.round(retryAfterMs * (1 + clock.random()));
    return new HalyardError("unavailable", "Sessions cannot be checked right now.", {
      retryAfterMs: spread,
      cause,
    });
  }

  async #getSession(context: AuthContext, headers: Headers): Promise<SessionOf<TAuth> | null> {
    // Without a store the signed cookie is the session, and its copy is all there is.
    const hasStore = context.options.database !== undefined || context.secondaryStorage !== undefined;
    const query = { disableCookieCache: hasStore, disableRefresh: true };
    return (await this.#auth.api.getSession({ headers, query })) as SessionOf<TAuth> | null;
  }

  // Better Auth answers 500 when its store does not; 401 and 403 come from the application's own hooks.
  #refusal(error: unknown): null {
    if (error instanceof HalyardError) throw error;
    const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
    if (status === 401) return null;
    if (status === 403) throw new HalyardError("forbidden", undefined, { cause: error });
    throw this.unavailable(error);
  }
}

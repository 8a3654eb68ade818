import { HalyardError } from "@halyard/protocol/wire";
import type { AuthContext } from "better-auth";
import type { AuthRuntime, BetterAuthInstance, SessionOf } from "./auth-instance.ts";
import { freshUser, isBanned } from "./ban.ts";
import type { SessionClock } from "../options.ts";
import { headersOf } from "./session-cookie.ts";
import { factsOf } from "./session-info.ts";

export interface SessionReaderOptions {
  readonly retryAfterMs: number;
  readonly clock: SessionClock;
}

/**
 * Looks sessions up where they are stored: never in the cookie's own copy, and never extending them. All of it throws
 * HalyardError `forbidden` for a banned user, and `unavailable` when the store does not answer.
 */
export class SessionReader<TAuth extends BetterAuthInstance> {
  readonly #auth: AuthRuntime;
  readonly #options: SessionReaderOptions;

  constructor(auth: AuthRuntime, options: SessionReaderOptions) {
    this.#auth = auth;
    this.#options = options;
  }

  /** Unavailable when Better Auth could not start. */
  async context(): Promise<AuthContext> {
    try {
      return await this.#auth.$context;
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  /** The session that these headers carry. */
  async read(headers: Headers): Promise<SessionOf<TAuth> | null> {
    const context = await this.context();
    return this.#checked(context, this.#getSession(context, headers));
  }

  /**
   * The session of this token. `host` counts for custom sessions where baseURL is found out per request.
   *
   * Straight from the store: `getSession` would give the same for more than twice the work, and look-ups are many. Only a
   * custom session is made by its endpoint alone.
   */
  async readToken(token: string, host: string | undefined): Promise<SessionOf<TAuth> | null> {
    const context = await this.context();
    const isCustom = context.hasPlugin("custom-session");
    return isCustom
      ? this.read(await headersOf(context, token, host))
      : this.#checked(context, this.#findSession(context, token));
  }

  /** A session as it is now. What cannot be looked up lives until it expires. */
  async lookUp(identity: SessionOf<TAuth>, host: string | undefined): Promise<SessionOf<TAuth> | null> {
    const { token, expiresAt } = factsOf(identity);
    if (token !== undefined && hasStore(await this.context())) return this.readToken(token, host);
    return expiresAt <= this.#options.clock.now() ? null : identity;
  }

  unavailable(cause: unknown): HalyardError {
    const { retryAfterMs, clock } = this.#options;
    const spread = Math.round(retryAfterMs * (1 + clock.random()));
    return new HalyardError("unavailable", "Sessions cannot be checked right now.", {
      retryAfterMs: spread,
      cause,
    });
  }

  async #checked(
    context: AuthContext,
    pending: Promise<SessionOf<TAuth> | null>,
  ): Promise<SessionOf<TAuth> | null> {
    try {
      const session = await pending;
      if (session === null) return null;
      const row = await freshUser(context, session.user.id);
      if (row === null) return null;
      if (!isBanned(row ?? session.user, this.#options.clock.now())) return session;
      throw new HalyardError("forbidden", "This user is banned.");
    } catch (error) {
      return this.#refusal(error);
    }
  }

  async #getSession(context: AuthContext, headers: Headers): Promise<SessionOf<TAuth> | null> {
    const query = { disableCookieCache: hasStore(context), disableRefresh: true };
    return (await this.#auth.api.getSession({ headers, query })) as SessionOf<TAuth> | null;
  }

  async #findSession({ internalAdapter }: AuthContext, token: string): Promise<SessionOf<TAuth> | null> {
    const found = await internalAdapter.findSession(token);
    return found === null || found.session.expiresAt.getTime() <= this.#options.clock.now() ? null : found;
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

// Without a store the signed cookie is the session, and its copy is all there is.
function hasStore({ options, secondaryStorage }: AuthContext): boolean {
  return options.database !== undefined || secondaryStorage !== undefined;
}

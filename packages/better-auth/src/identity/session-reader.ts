// Reads sessions from Better Auth's store.
// The upgrade authenticator calls it for each upgrade, the session checks for each open session once per interval.
// Guarantees that the cookie cache is never used, no session is extended, and no banned user is returned.
import { HalyardError } from "@halyard/protocol/wire";
import type { AuthContext } from "better-auth";
import { dateOf, IS_FAILURE } from "@halyard/protocol/internal";
import type { AuthenticatorSettings } from "../options.ts";
import type { AuthApi, BetterAuthInstance, SessionOf } from "./auth-instance.ts";
import { isBanned, readUserFromStore } from "./ban.ts";
import type { HostHeaders, IdentityOrigin } from "./identity-origins.ts";
import { signedCookieHeaders } from "./session-cookie.ts";
import { sessionInfoOf } from "./session-info.ts";
import { isApiKeyValid, sourceOf } from "./session-source.ts";
import type { SessionSource } from "./session-source.ts";

const UNAVAILABLE = "Sessions cannot be checked right now.";
/** How long a read of the store may take: twice the default time limit of a handshake. */
const READ_MS = 20_000;

/** A failure of the session store. The server reports it to `onError`, unlike other HalyardErrors. */
class StoreFailedError extends HalyardError {
  readonly [IS_FAILURE] = true;
}

/**
 * Reads sessions from where they are stored. Each method rejects with HalyardError `forbidden` for a banned user, and with
 * `unavailable` when the store does not answer or Better Auth could not start.
 */
export class SessionReader<TAuth extends BetterAuthInstance> {
  readonly #auth: AuthApi;
  readonly #settings: Pick<AuthenticatorSettings, "retryAfterMs" | "clock">;

  constructor(auth: AuthApi, settings: Pick<AuthenticatorSettings, "retryAfterMs" | "clock">) {
    this.#auth = auth;
    this.#settings = settings;
  }

  async context(): Promise<AuthContext> {
    try {
      return await this.#auth.$context;
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  /** The session for the credentials in these headers; null if none is valid. */
  async read(headers: Headers): Promise<SessionOf<TAuth> | null> {
    const context = await this.context();
    return this.#unlessBanned(context, this.#getSession(context, headers));
  }

  /**
   * The session of this token, straight from the store: `getSession` returns the same for more than twice the work, and
   * each open session is read once per interval. Only a custom session has to be read through its endpoint.
   *
   * @param host needed for a custom session if `baseURL` depends on the request's host
   */
  async readToken(token: string, host: HostHeaders): Promise<SessionOf<TAuth> | null> {
    const context = await this.context();
    const isCustom = context.hasPlugin("custom-session");
    return isCustom
      ? this.read(await signedCookieHeaders(context, token, host))
      : this.#unlessBanned(context, this.#findSession(context, token));
  }

  /** The current session of this identity. A session that cannot be read again stays unchanged until it expires. */
  async refresh(
    identity: SessionOf<TAuth>,
    { host, source }: Pick<IdentityOrigin, "host" | "source">,
  ): Promise<SessionOf<TAuth> | null> {
    const { token, expiresAt } = sessionInfoOf(identity);
    const context = await this.context();
    const isStored = token !== undefined && hasStore(context);
    if (isStored && source === "session") return this.readToken(token, host);
    if (expiresAt <= dateOf(this.#settings.clock)) return null;
    return isStored ? this.#unlessBanned(context, this.#rebuild(context, identity, source)) : identity;
  }

  /** The same session, with the current fields of its user. */
  async #rebuild(
    context: AuthContext,
    identity: SessionOf<TAuth>,
    source: SessionSource,
  ): Promise<SessionOf<TAuth> | null> {
    const { userId, sessionId } = sessionInfoOf(identity);
    if (source === "apiKey" && !(await isApiKeyValid(context, sessionId, dateOf(this.#settings.clock))))
      return null;
    const user: object | null = await context.internalAdapter.findUserById(userId);
    if (user === null) return null;
    if (isBanned(user, dateOf(this.#settings.clock))) throw bannedError();
    const fields = Object.keys(identity.user);
    const current = Object.fromEntries(Object.entries(user).filter(([name]) => fields.includes(name)));
    return { ...identity, user: { ...identity.user, ...current } };
  }

  /** Finds out where the session that was read with these headers is stored. */
  async sourceOf(identity: SessionOf<TAuth>, headers: Headers): Promise<SessionSource> {
    const context = await this.context();
    if (!hasStore(context)) return "session";
    return sourceOf(context, identity, headers).catch((error: unknown) => {
      throw this.unavailable(error);
    });
  }

  /** The result of reads, which fail after a while if the store takes a call and never answers. */
  async answered<TValue>(reads: Promise<TValue>): Promise<TValue> {
    const { clock } = this.#settings;
    let timer: unknown;
    const silence = new Promise<never>((_, reject) => {
      const error = new Error(`no answer within ${READ_MS / 1_000} s`);
      timer = clock.setTimeout(() => reject(this.unavailable(error)), READ_MS);
    });
    try {
      return await Promise.race([reads, silence]);
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** The error for a store that does not answer, which the application hears of with its cause. */
  unavailable(cause: unknown): HalyardError {
    return new StoreFailedError("unavailable", UNAVAILABLE, { retryAfterMs: this.#retryAfterMs(), cause });
  }

  /** The error where too many reads wait for a store that answers. */
  overloaded(reason: string): HalyardError {
    const options = { retryAfterMs: this.#retryAfterMs(), cause: new Error(reason) };
    return new HalyardError("unavailable", UNAVAILABLE, options);
  }

  /** Random, so that the clients do not all come back at once. */
  #retryAfterMs(): number {
    const { retryAfterMs, clock } = this.#settings;
    return Math.round(retryAfterMs * (1 + clock.random()));
  }

  async #unlessBanned(
    context: AuthContext,
    pending: Promise<SessionOf<TAuth> | null>,
  ): Promise<SessionOf<TAuth> | null> {
    try {
      const session = await pending;
      if (session === null) return null;
      const storedUser = await readUserFromStore(context, session.user.id);
      if (storedUser === null) return null;
      if (!isBanned(storedUser ?? session.user, dateOf(this.#settings.clock))) return session;
      throw bannedError();
    } catch (error) {
      return this.#nullOrThrow(error);
    }
  }

  async #getSession(context: AuthContext, headers: Headers): Promise<SessionOf<TAuth> | null> {
    const query = { disableCookieCache: hasStore(context), disableRefresh: true };
    return (await this.#auth.api.getSession({ headers, query })) as SessionOf<TAuth> | null;
  }

  async #findSession({ internalAdapter }: AuthContext, token: string): Promise<SessionOf<TAuth> | null> {
    const found = await internalAdapter.findSession(token);
    return found === null || found.session.expiresAt.getTime() <= dateOf(this.#settings.clock) ? null : found;
  }

  // Better Auth throws status 500 when its store does not answer; 401 and 403 come from the application's own hooks.
  #nullOrThrow(error: unknown): null {
    if (error instanceof HalyardError) throw error;
    const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
    if (status === 401) return null;
    if (status === 403) throw new HalyardError("forbidden", undefined, { cause: error });
    throw this.unavailable(error);
  }
}

function bannedError(): HalyardError {
  return new HalyardError("forbidden", "This user is banned.");
}

// Whether sessions are stored. Without a store, the signed cookie is the session, and there is nothing to read.
function hasStore({ options, secondaryStorage }: AuthContext): boolean {
  return options.database !== undefined || secondaryStorage !== undefined;
}

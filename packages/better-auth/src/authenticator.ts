import { HalyardError } from "@halyard/protocol/wire";
import type { Authenticator, Logger, UpgradeRequest } from "@halyard/server";
import type { AuthContext } from "better-auth";
import { runtimeOf } from "./auth-instance.js";
import type { BetterAuthInstance, SessionOf } from "./auth-instance.js";
import { credentialsOf } from "./credentials.js";
import type { Credentials } from "./credentials.js";
import { DEFAULTS, isDevelopment } from "./options.js";
import type { BetterAuthAuthenticatorOptions } from "./options.js";
import { RefusalLog } from "./refusals.js";
import { SessionReader } from "./session-reader.js";
import { isTrustedOrigin } from "./trusted-origins.js";

/**
 * Lets a connection in with the Better Auth session that its upgrade request carries, as a cookie or, with Better Auth's
 * bearer plugin, as `Authorization: Bearer …`.
 *
 * In this order: the `Origin` is one that Better Auth trusts (else 403), the session is in the store right now (else 401;
 * 503 when the store does not answer), its user is not banned (else 403). A connection never extends its session.
 *
 * @example
 * createWebSocketSystem({ authenticate: betterAuthAuthenticator(auth) });
 */
export function betterAuthAuthenticator<TAuth extends BetterAuthInstance>(
  auth: TAuth,
  options: BetterAuthAuthenticatorOptions = {},
): Authenticator<SessionOf<TAuth>> {
  return new BetterAuthAuthenticator<TAuth>(auth, options);
}

class BetterAuthAuthenticator<TAuth extends BetterAuthInstance> implements Authenticator<SessionOf<TAuth>> {
  readonly #reader: SessionReader<TAuth>;
  readonly #options: BetterAuthAuthenticatorOptions;
  #refusals: RefusalLog | undefined;

  constructor(auth: TAuth, options: BetterAuthAuthenticatorOptions) {
    const { retryAfterMs = DEFAULTS.retryAfterMs, clock = Math } = options;
    this.#reader = new SessionReader(runtimeOf(auth), { retryAfterMs, random: () => clock.random() });
    this.#options = options;
  }

  async authenticate(request: UpgradeRequest): Promise<SessionOf<TAuth> | null> {
    const context = await this.#reader.context();
    const credentials = credentialsOf(request);
    if (credentials.inUrl) {
      this.#log(context).secretInUrl();
      throw new HalyardError("forbidden", "A token in the URL is not taken.");
    }
    return this.#reader.read(await this.#acceptedHeaders(context, request, credentials));
  }

  /** The headers with the credentials that count for a request of this origin. */
  async #acceptedHeaders(
    context: AuthContext,
    request: UpgradeRequest,
    credentials: Credentials,
  ): Promise<Headers> {
    const origin = request.headers.get("origin");
    if (origin !== null) {
      await this.#requireTrusted(context, origin, request.headers);
      return request.headers;
    }
    if (isProbe(request.headers)) return request.headers;
    const { allowMissingOrigin = DEFAULTS.allowMissingOrigin } = this.#options;
    if (!allowMissingOrigin || (credentials.cookie && !credentials.bearer)) {
      this.#log(context).missingOrigin();
      throw new HalyardError("forbidden", "A connection with a cookie needs an Origin.");
    }
    return withoutCookie(request.headers);
  }

  async #requireTrusted(context: AuthContext, origin: string, headers: Headers): Promise<void> {
    if (await this.#isTrusted(context, origin, headers)) return;
    this.#log(context).origin(origin);
    throw new HalyardError("forbidden", "This origin is not trusted.");
  }

  async #isTrusted(context: AuthContext, origin: string, headers: Headers): Promise<boolean> {
    try {
      return await isTrustedOrigin(context, origin, headers);
    } catch (error) {
      throw this.#reader.unavailable(error); // the application's own trustedOrigins function failed
    }
  }

  #log(context: AuthContext): RefusalLog {
    const { logger = loggerOf(context), development = isDevelopment() } = this.#options;
    return (this.#refusals ??= new RefusalLog(logger, development));
  }
}

/**
 * A plain GET, with which a client asks why its handshake failed. Browsers send no `Origin` with one to their own
 * origin, and its answer is a status without a body, which no other origin can read.
 */
function isProbe(headers: Headers): boolean {
  if (headers.has("upgrade")) return false;
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

// Without an Origin only what a page of another site cannot send may count.
function withoutCookie(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete("cookie");
  return copy;
}

function loggerOf({ logger }: AuthContext): Pick<Logger, "warn"> {
  return { warn: (_fields, message) => logger.warn(message) };
}

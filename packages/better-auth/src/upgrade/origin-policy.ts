import { HalyardError } from "@halyard/protocol/wire";
import type { Logger, UpgradeRequest } from "@halyard/server";
import type { AuthContext } from "better-auth";
import type { Credentials } from "./credentials.ts";
import { isDevelopment } from "../options.ts";
import type { BetterAuthAuthenticatorOptions } from "../options.ts";
import { RefusalLog } from "./rejection-log.ts";
import { isTrustedOrigin } from "./trusted-origins.ts";

/** From where a connection may be opened with which credential. What it refuses, it logs with the option's name. */
export class OriginPolicy {
  readonly #options: BetterAuthAuthenticatorOptions;
  readonly #refusals: RefusalLog;

  constructor(context: AuthContext, options: BetterAuthAuthenticatorOptions) {
    const { logger = loggerOf(context), development = isDevelopment() } = options;
    this.#options = options;
    this.#refusals = new RefusalLog(logger, development);
  }

  /**
   * @returns the headers with the credentials that count for a request from there
   * @throws HalyardError `forbidden`; whatever the application's own `trustedOrigins` function throws
   */
  async accept(
    context: AuthContext,
    { headers }: UpgradeRequest,
    credentials: Credentials,
  ): Promise<Headers> {
    if (credentials.inUrl) {
      this.#refusals.secretInUrl();
      throw new HalyardError("forbidden", "A token in the URL is not taken.");
    }
    const origin = headers.get("origin");
    if (origin === null) return this.#acceptWithoutOrigin(headers, credentials);
    if (await isTrustedOrigin(context, origin, headers)) return headers;
    this.#refusals.origin(origin);
    throw new HalyardError("forbidden", "This origin is not trusted.");
  }

  #acceptWithoutOrigin(headers: Headers, { cookie, bearer, ticket }: Credentials): Headers {
    if (isProbe(headers)) return headers;
    const { allowMissingOrigin = true } = this.#options;
    if (allowMissingOrigin && (bearer || ticket !== undefined || !cookie)) return withoutCookie(headers);
    this.#refusals.missingOrigin();
    throw new HalyardError("forbidden", "A connection with a cookie needs an Origin.");
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

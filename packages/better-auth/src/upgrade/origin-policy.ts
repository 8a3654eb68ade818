// Decides from which origin a connection may be opened, and with which credentials.
// The upgrade authenticator calls it first for each upgrade request, before it reads a session.
// Guarantees that a page from an origin that Better Auth does not trust can never use the cookie of its visitor.
import { HalyardError } from "@halyard/protocol/wire";
import type { UpgradeRequest } from "@halyard/server";
import type { AuthContext } from "better-auth";
import type { AuthenticatorSettings } from "../options.ts";
import type { Credentials } from "./credentials.ts";
import type { RejectionLog } from "./rejection-log.ts";
import { isTrustedOrigin } from "./trusted-origins.ts";

/** The settings that the origin policy uses. */
export type OriginSettings = Pick<AuthenticatorSettings, "logger" | "development" | "allowMissingOrigin">;

/** Rejects upgrade requests by their origin. Each rejection is logged with the name of the option that causes it. */
export class OriginPolicy {
  readonly #allowMissingOrigin: boolean;
  readonly #rejections: RejectionLog;

  constructor(rejections: RejectionLog, { allowMissingOrigin }: OriginSettings) {
    this.#allowMissingOrigin = allowMissingOrigin;
    this.#rejections = rejections;
  }

  /**
   * @returns the request's headers, without the credentials that are not accepted from this origin
   * @throws HalyardError `forbidden`; every error of the application's own `trustedOrigins` function
   */
  async accept(
    context: AuthContext,
    { headers }: UpgradeRequest,
    credentials: Credentials,
  ): Promise<Headers> {
    if (credentials.inUrl) {
      this.#rejections.secretInUrl();
      throw new HalyardError("forbidden", "A token in the URL is not taken.");
    }
    const origin = headers.get("origin");
    if (origin === null) return this.#acceptWithoutOrigin(headers, credentials);
    if (await isTrustedOrigin(context, origin, headers)) return headers;
    this.#rejections.origin(origin);
    throw new HalyardError("forbidden", "This origin is not trusted.");
  }

  #acceptWithoutOrigin(headers: Headers, { cookie, bearer, ticket }: Credentials): Headers {
    if (isHandshakeProbe(headers)) return headers;
    if (this.#allowMissingOrigin && (bearer || ticket !== undefined || !cookie))
      return withoutCookie(headers);
    this.#rejections.missingOrigin();
    throw new HalyardError("forbidden", "A connection with a cookie needs an Origin.");
  }
}

/**
 * Whether this is the plain GET by which a client learns why its handshake failed, or who its user is. A browser sends no `Origin` with
 * a GET to the page's own origin; the response has no body, and no other origin can read it.
 */
export function isHandshakeProbe(headers: Headers): boolean {
  if (headers.get("upgrade")?.toLowerCase() === "websocket") return false;
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

// Removes the cookie: without an Origin, only credentials count that a page of another site cannot send.
function withoutCookie(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete("cookie");
  return copy;
}

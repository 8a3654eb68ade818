// The Better Auth plugin that issues tickets: the endpoint `POST /halyard/ticket`.
// The application passes it to `betterAuth({ plugins })`; clients call the endpoint before each attempt to connect.
// Guarantees that only a session in the store gets a ticket, never one that lives in the cookie cache alone.
import type { BetterAuthPlugin } from "better-auth";
import {
  APIError,
  createAuthEndpoint,
  createAuthMiddleware,
  getSessionFromCtx,
  isStateful,
} from "better-auth/api";
import { issueTicket } from "./identity/tickets.ts";

/** Options of the `halyard()` plugin; each of them may be left out. */
export interface HalyardPluginOptions {
  /**
   * How long a ticket is valid after it was issued, in milliseconds.
   *
   * @default 30_000
   */
  readonly ticketTtlMs?: number | undefined;
  /**
   * A name of the application, for several applications that share one store: an authenticator accepts only tickets
   * that were issued with its own audience.
   *
   * @default ""
   */
  readonly audience?: string | undefined;
}

/**
 * Issues single-use tickets to clients that cannot send the session's cookie with a WebSocket (pages of another site,
 * native clients, Node): `POST /halyard/ticket`, with the session as cookie or bearer token. A ticket is valid for one
 * connection within 30 s, from the page that requested it, while its session lives. The request does not extend the
 * session. A session that a plugin makes of another credential, such as an API key, gets no ticket. Better Auth's rate limit, where it is enabled, allows 120 requests in 60 s per IP address.
 *
 * @example
 * betterAuth({ plugins: [halyard()] });
 */
export function halyard(options: HalyardPluginOptions = {}) {
  const { ticketTtlMs = 30_000, audience = "" } = options;
  const createHalyardTicket = createAuthEndpoint(
    "/halyard/ticket",
    { method: "POST", requireHeaders: true, use: [storedSession] },
    async (ctx) => {
      const { token } = ctx.context.session.session;
      const origin = ctx.headers.get("origin");
      ctx.setHeader("cache-control", "no-store");
      return ctx.json({ ticket: await issueTicket(ctx.context, { token, origin, audience }, ticketTtlMs) });
    },
  );
  return {
    id: "halyard",
    endpoints: { createHalyardTicket },
    rateLimit: [{ pathMatcher: (path: string): boolean => path === "/halyard/ticket", window: 60, max: 120 }],
    options: { ticketTtlMs, audience },
  } satisfies BetterAuthPlugin;
}

// Better Auth's own `sessionMiddleware` accepts a session from the cookie cache, and extends the session.
const storedSession = createAuthMiddleware(async (ctx) => {
  const session = await getSessionFromCtx(ctx, { disableCookieCache: isStateful(ctx), disableRefresh: true });
  if (session === null) throw new APIError("UNAUTHORIZED", { message: "There is no valid session." });
  // The token of a session that a plugin made of something else, such as an API key, is that secret itself.
  const { name } = ctx.context.authCookies.sessionToken;
  if ((await ctx.getSignedCookie(name, ctx.context.secret)) !== session.session.token)
    throw new APIError("UNAUTHORIZED", {
      message: "There is no stored session: connect with its own credential.",
    });
  return { session };
});

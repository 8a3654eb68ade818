import type { BetterAuthPlugin } from "better-auth";
import {
  APIError,
  createAuthEndpoint,
  createAuthMiddleware,
  getSessionFromCtx,
  isStateful,
} from "better-auth/api";
import { issueTicket, TICKET_TTL_MS } from "./identity/tickets.ts";

export interface HalyardPluginOptions {
  /** How long a ticket may wait for its use, ms. @default 30_000 */
  readonly ticketTtlMs?: number | undefined;
  /**
   * Where tickets count, when several applications share one store: only an authenticator of the same audience takes
   * them. @default ""
   */
  readonly audience?: string | undefined;
}

/**
 * Lets clients that cannot send the session's cookie with a WebSocket (another site, native, Node) fetch a single-use
 * ticket: `POST /halyard/ticket`, with the session as cookie or bearer token. A ticket is good for one connection within
 * 30 s, from the page that asked for it, while its session lives. Asking for one does not extend the session.
 *
 * @example
 * betterAuth({ plugins: [halyard()] });
 */
export function halyard(options: HalyardPluginOptions = {}) {
  const { ticketTtlMs = TICKET_TTL_MS, audience = "" } = options;
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

// Better Auth's own `sessionMiddleware` may believe the cookie cache, and extends the session.
const storedSession = createAuthMiddleware(async (ctx) => {
  const session = await getSessionFromCtx(ctx, { disableCookieCache: isStateful(ctx), disableRefresh: true });
  if (session === null) throw new APIError("UNAUTHORIZED", { message: "There is no valid session." });
  return { session };
});

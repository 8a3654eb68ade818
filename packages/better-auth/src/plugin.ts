// The Better Auth plugin: it issues tickets at `POST /halyard/ticket`, and tells a backplane which sessions end.
// The application passes it to `betterAuth({ plugins })`; clients call the endpoint before each attempt to connect.
// Guarantees that only a session in the store gets a ticket, never one that exists only in the cookie cache.
import { dateOf } from "@halyard/protocol/internal";
import type { Backplane } from "@halyard/server";
import type { AuthContext, BetterAuthPlugin } from "better-auth";
import {
  APIError,
  createAuthEndpoint,
  createAuthMiddleware,
  getSessionFromCtx,
  isStateful,
} from "better-auth/api";
import { issueTicket } from "./identity/tickets.ts";
import { backgroundClock } from "./options.ts";
import { ChangePublisher } from "./watch/change-publisher.ts";
import { observeInstance } from "./watch/observe-instance.ts";

/** Options of the `halyard()` plugin. All are optional. */
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
  /**
   * The backplane on which a process without a WebSocket server announces sign-outs, bans and changes, so that
   * connections on all nodes close within a second. It connects at the first change and does not keep the process alive.
   * A process with a server needs none, because `betterAuthAuthenticator` uses the server's.
   *
   * @default none: the nodes find this process' changes by their own checks, unless the process has a server
   */
  readonly backplane?: Backplane | undefined;
}

/**
 * Issues single-use tickets to clients that cannot send the session's cookie with a WebSocket (pages of another site,
 * native clients, Node): `POST /halyard/ticket`, with the session as cookie or bearer token. A ticket is valid for one
 * connection within 30 s, from the page that requested it, as long as its session is valid. The request does not extend the
 * session. A session that a plugin makes of another credential, such as an API key, gets no ticket. Better Auth's rate
 * limit, where it is enabled, allows 120 requests in 60 s per IP address.
 *
 * With a `backplane`, connections of other processes end with their sessions, whatever this process serves.
 *
 * @example
 * betterAuth({ plugins: [halyard()] });
 *
 * @example
 * // A server of pages, beside the nodes that serve WebSockets on the same Redis
 * betterAuth({ plugins: [halyard({ backplane: redisBackplane({ url: process.env.REDIS_URL }) })] });
 */
export function halyard(options: HalyardPluginOptions = {}) {
  const { ticketTtlMs = 30_000, audience = "", backplane } = options;
  const createHalyardTicket = createAuthEndpoint(
    "/halyard/ticket",
    { method: "POST", requireHeaders: true, use: [storedSession] },
    async (ctx) => {
      const { token } = ctx.context.session.session;
      // An app of Expo, whose WebSocket sends another origin than this: Better Auth's plugin for Expo has put `expo-origin` into `origin`.
      const origin = ctx.headers.has("expo-origin") ? null : ctx.headers.get("origin");
      ctx.setHeader("cache-control", "no-store");
      return ctx.json({ ticket: await issueTicket(ctx.context, { token, origin, audience }, ticketTtlMs) });
    },
  );
  return {
    id: "halyard",
    init: (context: AuthContext) => {
      if (backplane !== undefined) publishChanges(context, backplane);
    },
    endpoints: { createHalyardTicket },
    rateLimit: [{ pathMatcher: (path: string): boolean => path === "/halyard/ticket", window: 60, max: 120 }],
    options: { ticketTtlMs, audience },
  } satisfies BetterAuthPlugin;
}

/**
 * Publishes changes. An endpoint that changes a session answers when the nodes know of it, unless the application's
 * `backgroundTasks` waits instead.
 */
function publishChanges(context: AuthContext, backplane: Backplane): void {
  const publisher = new ChangePublisher({
    backplane,
    clock: backgroundClock,
    onError: (error) =>
      context.logger.error(
        "halyard: the backplane does not take which sessions have ended; it is tried again.",
        error,
      ),
  });
  observeInstance(context, {
    listener: async (change) => {
      await context.runInBackgroundOrAwait(publisher.publish(change));
    },
    now: () => dateOf(backgroundClock),
  });
}

// Better Auth's own `sessionMiddleware` accepts a session from the cookie cache, and extends the session.
const storedSession = createAuthMiddleware(async (ctx) => {
  const session = await getSessionFromCtx(ctx, { disableCookieCache: isStateful(ctx), disableRefresh: true });
  if (session === null) throw new APIError("UNAUTHORIZED", { message: "There is no valid session." });
  // A session that a plugin creates from another credential, such as an API key, has that secret as its token.
  const { name } = ctx.context.authCookies.sessionToken;
  if ((await ctx.getSignedCookie(name, ctx.context.secret)) !== session.session.token)
    throw new APIError("UNAUTHORIZED", {
      message: "There is no stored session: connect with its own credential.",
    });
  return { session };
});

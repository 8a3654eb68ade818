import type { Config } from "./config.ts";
import type { Page } from "./page.ts";
import { VISIT_PATH } from "../shared/visit.ts";
import { COMMON_HEADERS } from "./security-headers.ts";

const AUTH_PATH = "/api/auth/";

export interface FetchOptions {
  readonly config: Config;
  readonly authHandler: (request: Request) => Promise<Response>;
  /** Answers the request that starts a visit of the front page. */
  readonly startVisit: (request: Request) => Response;
  readonly page: Page;
}

export type Fetch = (request: Request) => Promise<Response>;

/** Answers all HTTP requests: the page, visits of the front page, and Better Auth below /api/auth. */
export function createFetch({ config, authHandler, startVisit, page }: FetchOptions): Fetch {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === VISIT_PATH)
      return withCors(request, config, (visit) => Promise.resolve(startVisit(visit)));
    if (!pathname.startsWith(AUTH_PATH)) return page.respond(request) ?? plain(404, "Not found");
    return withCors(request, config, authHandler);
  };
}

export function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...COMMON_HEADERS, "content-type": "text/plain; charset=utf-8" },
  });
}

/** Allows requests with cookies from the pages of ALLOWED_ORIGINS, and rejects those of other origins. */
async function withCors(request: Request, config: Config, next: Fetch): Promise<Response> {
  const origin = request.headers.get("origin");
  const isForeign = origin !== null && !config.ownOrigins.includes(origin);
  const isAllowed = origin !== null && config.allowedOrigins.includes(origin);
  if (request.method === "OPTIONS") {
    if (isAllowed) return new Response(null, { status: 204, headers: preflightHeaders(origin) });
    return plain(403, "This origin is not allowed: name it in ALLOWED_ORIGINS");
  }
  if (isForeign && !isAllowed) return plain(403, "This origin is not allowed: name it in ALLOWED_ORIGINS");
  const answer = await next(request);
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (isAllowed) for (const [name, value] of Object.entries(corsHeaders(origin))) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, headers });
}

function corsHeaders(origin: string): Record<string, string> {
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    vary: "origin",
  };
}

function preflightHeaders(origin: string): Record<string, string> {
  return {
    ...corsHeaders(origin),
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "600",
  };
}

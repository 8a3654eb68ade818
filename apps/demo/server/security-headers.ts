import type { Config } from "./config.ts";

/** For every answer. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

/** For the page and its files: nothing inline, nothing from elsewhere, no framing. */
export function pageHeaders(config: Config): Readonly<Record<string, string>> {
  return {
    ...COMMON_HEADERS,
    "content-security-policy": contentSecurityPolicy(config),
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
  };
}

function contentSecurityPolicy({ ownOrigins }: Config): string {
  // Named beside 'self', which not every browser takes to cover WebSockets.
  const sockets = ownOrigins.map((origin) => origin.replace(/^http/, "ws"));
  return [
    "default-src 'self'",
    `connect-src 'self' ${sockets.join(" ")}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

import type { Config } from "./config.ts";

/** For every answer. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

const INLINE_DIRECTIVES = ["style-src", "script-src"] as const;

/** A style sheet or script that stands in the page. */
export interface InlineText {
  readonly directive: (typeof INLINE_DIRECTIVES)[number];
  /** Its SHA-256, in Base64. */
  readonly hash: string;
}

/** For the page and its files: nothing inline but these texts, nothing from elsewhere, no framing. */
export function pageHeaders(config: Config, inline: readonly InlineText[]): Readonly<Record<string, string>> {
  return {
    ...COMMON_HEADERS,
    "content-security-policy": contentSecurityPolicy(config, inline),
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
  };
}

function contentSecurityPolicy({ ownOrigins }: Config, inline: readonly InlineText[]): string {
  // Named beside 'self', which not every browser takes to cover WebSockets.
  const sockets = ownOrigins.map((origin) => origin.replace(/^http/, "ws"));
  return [
    "default-src 'self'",
    `connect-src 'self' ${sockets.join(" ")}`,
    ...INLINE_DIRECTIVES.map((directive) => directiveOf(directive, inline)),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** One directive for all texts of a kind: a browser ignores a second one. */
function directiveOf(directive: InlineText["directive"], inline: readonly InlineText[]): string {
  const hashes = inline.filter((text) => text.directive === directive).map(({ hash }) => `'sha256-${hash}'`);
  return [directive, "'self'", ...hashes].join(" ");
}

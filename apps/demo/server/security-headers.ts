import type { Config } from "./config.ts";

/** The headers of every answer. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

const INLINE_DIRECTIVES = ["style-src", "script-src"] as const;

/** A style sheet or script within the page. */
export interface InlineText {
  readonly directive: (typeof INLINE_DIRECTIVES)[number];
  /** Its SHA-256, in Base64. */
  readonly hash: string;
}

/** The headers of the page and its files. They allow no inline code except these texts, no other origins and no framing. */
export function pageHeaders(config: Config, inline: readonly InlineText[]): Readonly<Record<string, string>> {
  return {
    ...COMMON_HEADERS,
    "content-security-policy": contentSecurityPolicy(config, inline),
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
  };
}

function contentSecurityPolicy({ ownOrigins }: Config, inline: readonly InlineText[]): string {
  // In some browsers 'self' does not include WebSockets.
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

/** Combines all texts of a kind in one directive, because browsers ignore a second one. */
function directiveOf(directive: InlineText["directive"], inline: readonly InlineText[]): string {
  const hashes = inline.filter((text) => text.directive === directive).map(({ hash }) => `'sha256-${hash}'`);
  return [directive, "'self'", ...hashes].join(" ");
}

// Answers whether Better Auth trusts an origin, by Better Auth's own configuration and patterns.
// The origin policy calls it for each upgrade request with an Origin, the server for each probe of a failed handshake.
// Guarantees that the request's own Host never makes an origin trusted, not even with NODE_ENV=test.
import type { AuthContext } from "better-auth";

/**
 * Whether Better Auth trusts this origin: the origin of `baseURL`, and `trustedOrigins` as a list or as a function, which
 * is called at each upgrade.
 *
 * `NODE_ENV=test` and `advanced.disableOriginCheck` switch Better Auth's own check off, but not this one.
 */
export async function isTrustedOrigin(
  context: AuthContext,
  origin: string,
  headers: Headers,
): Promise<boolean> {
  if (!isSerializedOrigin(origin)) return false;
  const { trustedOrigins } = context.options;
  if (typeof trustedOrigins !== "function") return context.isTrustedOrigin(origin);
  // The context's own list still contains what the function returned at start, so the list is computed again.
  const listed = await trustedOrigins(new Request(context.baseURL || "http://localhost", { headers }));
  const current = [...configuredOrigins(context), ...listed].filter(
    (entry) => typeof entry === "string" && entry !== "",
  );
  return Object.assign(Object.create(context) as AuthContext, { trustedOrigins: current }).isTrustedOrigin(
    origin,
  );
}

// Whether a text has the form that browsers and app shells send: a scheme and an authority, in lower case where it is the name of a host
// (an extension of Safari has an id in upper case). Better Auth's matcher also accepts complete URLs, and would read
// `https://x@app.example.com` as `https://app.example.com`.
function isSerializedOrigin(origin: string): boolean {
  return /^(?!https?:.*[A-Z])[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\,]+$/.test(origin);
}

function configuredOrigins({ options }: AuthContext): string[] {
  const fromEnvironment = process.env["BETTER_AUTH_TRUSTED_ORIGINS"]?.split(",") ?? [];
  const { baseURL } = options;
  if (typeof baseURL === "object") return [...originsOfHosts(baseURL), ...fromEnvironment];
  return [...(baseURL ? [new URL(baseURL).origin] : []), ...fromEnvironment];
}

type DynamicBaseUrl = Extract<NonNullable<AuthContext["options"]["baseURL"]>, object>;

function originsOfHosts({ allowedHosts, protocol, fallback }: DynamicBaseUrl): string[] {
  const allowsHttps = protocol !== "http";
  const allowsHttp = protocol === "http" || protocol === "auto";
  const origins = allowedHosts.flatMap((host) => {
    if (host.includes("://")) return [host];
    const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host);
    return [
      ...(allowsHttps ? [`https://${host}`] : []),
      ...(allowsHttp || isLocal ? [`http://${host}`] : []),
    ];
  });
  return fallback === undefined ? origins : [...origins, new URL(fallback).origin];
}

import type { AuthContext } from "better-auth";

/**
 * Whether Better Auth trusts this origin, by its own rules and patterns: `trustedOrigins` as a list or as a function
 * (asked at each upgrade), and the origin of `baseURL`. What the request says about its own host never counts.
 *
 * `NODE_ENV=test` and `advanced.disableOriginCheck` switch Better Auth's check off, not this one.
 */
export async function isTrustedOrigin(
  context: AuthContext,
  origin: string,
  headers: Headers,
): Promise<boolean> {
  if (!isSerializedOrigin(origin)) return false;
  const { trustedOrigins } = context.options;
  if (typeof trustedOrigins !== "function") return context.isTrustedOrigin(origin);
  // The context still holds what the function said at start, so only what is configured besides it is taken from there.
  const listed = await trustedOrigins(new Request(context.baseURL || "http://localhost", { headers }));
  const current = [...configuredOrigins(context), ...listed].filter(
    (entry) => typeof entry === "string" && entry !== "",
  );
  return Object.assign(Object.create(context) as AuthContext, { trustedOrigins: current }).isTrustedOrigin(
    origin,
  );
}

// What browsers and app shells send: a scheme and an authority, in lower case. Better Auth's matcher also takes whole
// URLs, and would read `https://x@app.example.com` as `https://app.example.com`.
function isSerializedOrigin(origin: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\,A-Z]+$/.test(origin);
}

function configuredOrigins({ options }: AuthContext): string[] {
  const fromEnvironment = process.env["BETTER_AUTH_TRUSTED_ORIGINS"]?.split(",") ?? [];
  const { baseURL } = options;
  if (typeof baseURL === "object") return [...originsOfHosts(baseURL), ...fromEnvironment];
  return [...(baseURL ? [new URL(baseURL).origin] : []), ...fromEnvironment];
}

type DynamicBaseUrl = Extract<NonNullable<AuthContext["options"]["baseURL"]>, object>;

function originsOfHosts({ allowedHosts, protocol, fallback }: DynamicBaseUrl): string[] {
  const secure = protocol !== "http";
  const plain = protocol === "http" || protocol === "auto";
  const origins = allowedHosts.flatMap((host) => {
    if (host.includes("://")) return [host];
    const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host);
    return [...(secure ? [`https://${host}`] : []), ...(plain || isLocal ? [`http://${host}`] : [])];
  });
  return fallback === undefined ? origins : [...origins, new URL(fallback).origin];
}

import type { AuthContext } from "better-auth";
import type { HostHeaders } from "./identity-origins.ts";

/**
 * The headers of a request with this session's cookie. With them, `getSession` reads a session that did not arrive as a cookie
 * (a ticket, a check) like any other, including everything that plugins do.
 */
export async function signedCookieHeaders(
  context: AuthContext,
  token: string,
  host: HostHeaders,
): Promise<Headers> {
  const value = encodeURIComponent(`${token}.${await signatureOf(token, context.secret)}`);
  // With a dynamic baseURL the prefix of the cookie's name depends on the host: both names are sent.
  const name = context.authCookies.sessionToken.name.replace(/^__Secure-/, "");
  const headers = new Headers({ ...host, cookie: `${name}=${value}; __Secure-${name}=${value}` });
  const fallback = headers.has("host") ? undefined : fallbackHost(context);
  if (fallback !== undefined) headers.set("host", fallback);
  return headers;
}

async function signatureOf(value: string, secret: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign("HMAC", key, encoder.encode(value))).toString("base64");
}

function fallbackHost({ options: { baseURL } }: AuthContext): string | undefined {
  if (typeof baseURL !== "object") return undefined;
  return baseURL.allowedHosts.find((host) => !host.includes("*") && !host.includes("://"));
}

import type { AuthContext } from "better-auth";

/**
 * The headers of a request with this session's cookie: so that a look-up takes the way of every other one, through
 * `getSession` and whatever plugins make of it, also where no browser sent the cookie.
 */
export async function headersOf(
  context: AuthContext,
  token: string,
  host: string | undefined,
): Promise<Headers> {
  const value = encodeURIComponent(`${token}.${await signatureOf(token, context.secret)}`);
  // With a dynamic baseURL the name's prefix depends on the host.
  const name = context.authCookies.sessionToken.name.replace(/^__Secure-/, "");
  const headers = new Headers({ cookie: `${name}=${value}; __Secure-${name}=${value}` });
  const fallback = host ?? anyHost(context);
  if (fallback !== undefined) headers.set("host", fallback);
  return headers;
}

async function signatureOf(value: string, secret: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign("HMAC", key, encoder.encode(value))).toString("base64");
}

function anyHost({ options: { baseURL } }: AuthContext): string | undefined {
  if (typeof baseURL !== "object") return undefined;
  return baseURL.allowedHosts.find((host) => !host.includes("*") && !host.includes("://"));
}

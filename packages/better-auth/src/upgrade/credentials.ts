import type { UpgradeRequest } from "@halyard/server";

/** The credentials that an upgrade request carries, valid or not. */
export interface Credentials {
  readonly cookie: boolean;
  readonly bearer: boolean;
  /** Undefined when the request offers none; "" when it offers several, which is never valid. */
  readonly ticket: string | undefined;
  /** Whether a ticket or token is in the URL, which proxies and access logs have already recorded. */
  readonly inUrl: boolean;
}

const SECRET_PARAMETERS = ["ticket", "token", "access_token"];

export function credentialsOf({ url, headers, ticket }: UpgradeRequest): Credentials {
  return {
    cookie: headers.has("cookie"),
    bearer: /^bearer +\S/i.test(headers.get("authorization") ?? ""),
    ticket,
    inUrl: hasSecretParameter(url),
  };
}

// `new URL` would throw for request targets such as `//`.
function hasSecretParameter(url: string): boolean {
  const start = url.indexOf("?");
  if (start === -1) return false;
  const parameters = new URLSearchParams(url.slice(start));
  return SECRET_PARAMETERS.some((name) => parameters.has(name));
}

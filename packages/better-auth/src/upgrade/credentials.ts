import type { UpgradeRequest } from "@halyard/server";
import { offeredTicket } from "../identity/tickets.ts";

/** Which credentials an upgrade request carries; nothing here says that one of them is valid. */
export interface Credentials {
  readonly cookie: boolean;
  readonly bearer: boolean;
  /** "" for something that is none. */
  readonly ticket: string | undefined;
  /** A ticket or token in the URL: proxies and access logs have it by now. */
  readonly inUrl: boolean;
}

const SECRET_PARAMETERS = ["ticket", "token", "access_token"];

export function credentialsOf({ url, headers }: UpgradeRequest): Credentials {
  return {
    cookie: headers.has("cookie"),
    bearer: /^bearer +\S/i.test(headers.get("authorization") ?? ""),
    ticket: offeredTicket(headers),
    inUrl: hasSecretParameter(url),
  };
}

// `new URL` would throw on request targets such as `//`.
function hasSecretParameter(url: string): boolean {
  const start = url.indexOf("?");
  if (start === -1) return false;
  const parameters = new URLSearchParams(url.slice(start));
  return SECRET_PARAMETERS.some((name) => parameters.has(name));
}

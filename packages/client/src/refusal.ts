import type { AuthRequiredReason } from "./connection-state.js";

/** The part of `fetch` that is used. */
export type Fetch = (
  url: string,
  init: { credentials: "include" },
) => Promise<{ readonly status: number; readonly headers: { get(name: string): string | null } }>;

export interface Refusal {
  readonly status: number;
  /** For how long not to come back, where the server says so. */
  readonly retryAfterMs?: number;
}

/** What an HTTP status, a close code or an error code says about the credentials. */
export function refusalOf(cause: unknown): AuthRequiredReason | undefined {
  const text = String(cause);
  if (/^(4?401|unauthenticated)$/.test(text)) return "unauthenticated";
  return /^(4?403|forbidden)$/.test(text) ? "forbidden" : undefined;
}

/**
 * Asks over HTTP why a handshake failed, since a browser tells nobody. The server answers a plain GET on the path as it
 * would have answered the upgrade.
 */
export async function askRefusal(fetch: Fetch, url: string): Promise<Refusal> {
  const { status, headers } = await fetch(url.replace("ws", "http"), { credentials: "include" });
  const retryAfterMs = parseInt(headers.get("retry-after") ?? "") * 1000;
  return (status === 429 || status === 503) && retryAfterMs >= 0 ? { status, retryAfterMs } : { status };
}

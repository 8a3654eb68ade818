import type { AuthRequiredReason } from "./connection-state.ts";

/** The part of `fetch` that is used. */
export type Fetch = (
  url: string,
  init: { credentials: "include" },
) => Promise<{ readonly status: number; readonly headers: { get(name: string): string | null } }>;

export interface Refusal {
  readonly status: number;
  /** For how long not to come back; not a number where the server does not say so. */
  readonly retryAfterMs: number;
}

/** What HTTP statuses, close codes or error codes say about the credentials. */
export function refusalOf(causes: readonly unknown[]): AuthRequiredReason | undefined {
  const isOne = (pattern: RegExp) => causes.some((cause) => pattern.test(String(cause)));
  if (isOne(/^(4?401|unauthenticated)$/)) return "unauthenticated";
  return isOne(/^(4?403|forbidden)$/) ? "forbidden" : undefined;
}

/**
 * Asks over HTTP why a handshake failed, since a browser tells nobody. The server answers a plain GET on the path as it
 * would have answered the upgrade.
 */
export async function askRefusal(fetch: Fetch, url: string): Promise<Refusal> {
  const { status, headers } = await fetch(url.replace("ws", "http"), { credentials: "include" });
  return { status, retryAfterMs: parseInt(String(headers.get("retry-after"))) * 1000 };
}

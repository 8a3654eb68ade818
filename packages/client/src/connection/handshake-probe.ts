// Finds out why a handshake failed, and whether the reason is the credentials.
// Called by the reconnector after a socket closed, and after `ticket` or `url` failed.
// The server answers a plain GET on its path as it would have answered the upgrade.
import type { Fetch } from "../options.ts";
import type { AuthRequiredReason } from "./connection-state.ts";

interface ProbeResult {
  readonly status: number;
  /** How long the server asks the client to stay away; NaN when it names no time in seconds. */
  readonly retryAfterMs: number;
}

/** What HTTP statuses, close codes or error codes say about the credentials; undefined when they say nothing. */
export function rejectionFrom(causes: readonly unknown[]): AuthRequiredReason | undefined {
  const matches = (pattern: RegExp) => causes.some((cause) => pattern.test(String(cause)));
  if (matches(/^(4?401|unauthenticated)$/)) return "unauthenticated";
  return matches(/^(4?403|forbidden)$/) ? "forbidden" : undefined;
}

/** Asks over HTTP, because a browser reveals neither the status nor the headers of a failed handshake. */
export async function probeHandshake(fetch: Fetch, url: string): Promise<ProbeResult> {
  const { status, headers } = await fetch(url.replace("ws", "http"), { credentials: "include" });
  return { status, retryAfterMs: parseInt(String(headers.get("retry-after"))) * 1000 };
}

import type { AuthRequiredReason } from "./connection-state.js";

/** The part of `fetch` that is used. */
export type Fetch = (
  url: string,
  init: { credentials: "include"; cache: "no-store"; redirect: "manual" },
) => Promise<{ readonly status: number; readonly headers: { get(name: string): string | null } }>;

/** Why a handshake failed: not let in, or not now. */
export interface Refusal {
  readonly reason?: AuthRequiredReason | undefined;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Asks over HTTP why a handshake failed, since a browser tells nobody. The server answers a plain GET on the path as it
 * would have answered the upgrade.
 */
export async function askRefusal(fetch: Fetch, url: string): Promise<Refusal> {
  const { status, headers } = await fetch(url.replace(/^ws/, "http"), {
    credentials: "include",
    cache: "no-store",
    redirect: "manual",
  });
  const seconds = parseInt(headers.get("retry-after") ?? "", 10);
  const isBusy = (status === 429 || status === 503) && seconds >= 0;
  return { reason: refusedBy({ status }), retryAfterMs: isBusy ? seconds * 1000 : undefined };
}

/** Reads a refusal from an HTTP status or an error code. */
export function refusedBy(cause: unknown): AuthRequiredReason | undefined {
  const { status, code } = Object(cause) as { status?: unknown; code?: unknown };
  if (status === 401 || code === "unauthenticated") return "unauthenticated";
  if (status === 403 || code === "forbidden") return "forbidden";
  return undefined;
}

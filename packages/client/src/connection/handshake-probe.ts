// Finds out why a handshake failed, and whether the reason is the credentials.
// Called by the reconnector after a socket closed, and after `ticket` or `url` failed.
// The server answers a plain GET on its path as it would have answered the upgrade.
import type { Fetch, WebSocketClientOptions } from "../options.ts";
import type { AuthRequiredReason } from "./connection-state.ts";

/** What an HTTP answer to a handshake, or to the question why it failed, says. */
export interface HandshakeAnswer {
  readonly status: number;
  /** Whether a Halyard server gave it: what a proxy says about credentials is not about the user's. */
  readonly isHalyard: boolean;
  /** How long the server asks the client to stay away; NaN when it names no time in seconds. */
  readonly retryAfterMs: number;
}

/** What HTTP statuses, close codes or error codes say about the credentials; undefined when they say nothing. */
export function rejectionFrom(causes: readonly unknown[]): AuthRequiredReason | undefined {
  const matches = (pattern: RegExp) => causes.some((cause) => pattern.test(String(cause)));
  if (matches(/^(4?401|unauthenticated)$/)) return "unauthenticated";
  return matches(/^(4?403|forbidden)$/) ? "forbidden" : undefined;
}

export function readAnswer(status: number, header: (name: string) => unknown): HandshakeAnswer {
  const retryAfterMs = parseInt(String(header("retry-after"))) * 1000;
  return { status, isHalyard: header("halyard") === "1", retryAfterMs };
}

export const PROBE_TIMEOUT_MS = 5_000;

/**
 * Asks over HTTP, because a browser reveals neither the status nor the headers of a failed handshake. Rejects after 5 s.
 *
 * @returns undefined where it cannot ask
 */
export function probeHandshake(
  { WebSocket, fetch = WebSocket ? undefined : globalThis.fetch, ticket }: WebSocketClientOptions,
  url: string,
): Promise<HandshakeAnswer> | undefined {
  // A WebSocket class of the application's may send credentials that the platform's fetch does not have.
  return fetch && probe(fetch, url, ticket);
}

async function probe(
  fetch: Fetch,
  url: string,
  ticket: WebSocketClientOptions["ticket"],
): Promise<HandshakeAnswer> {
  // A new ticket, because the handshake may have used up its own; in a header, because `fetch` offers no subprotocols.
  const headers = ticket && { "halyard-ticket": await ticket() };
  const { status, headers: answered } = await fetch(url.replace("ws", "http"), {
    credentials: "include",
    // A request on a dead line would keep the process alive.
    signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    ...(headers && { headers }),
  });
  return readAnswer(status, (name) => answered.get(name));
}

// Finds out why a handshake failed, and whether the reason is the credentials.
// Called by the reconnector after a socket closed, and after `ticket` or `url` failed.
// The server answers a plain GET on its path as it would have answered the upgrade.
import type { WebSocketClientOptions } from "../options.ts";
import type { AuthRequiredReason } from "./connection-state.ts";

/** The relevant parts of an HTTP answer to a handshake or to a probe. */
export interface HandshakeAnswer {
  readonly status: number;
  /** Whether a Halyard server sent it. A proxy's answer about credentials says nothing about the user's. */
  readonly isHalyard: boolean;
  /** How long the server asks the client to wait; NaN if it names no time in seconds. */
  readonly retryAfterMs: number;
}

/** Whether HTTP statuses, close codes or error codes mean that the credentials were rejected; undefined if not. */
export function rejectionFrom(causes: readonly unknown[]): AuthRequiredReason | undefined {
  const lines = causes.join("\n");
  if (/^(4?401|unauthenticated)$/m.test(lines)) return "unauthenticated";
  return /^(4?403|forbidden)$/m.test(lines) ? "forbidden" : undefined;
}

export function readAnswer(status: number, header: (name: string) => unknown): HandshakeAnswer {
  const retryAfterMs = parseInt(String(header("retry-after"))) * 1000;
  return { status, isHalyard: header("halyard") === "1", retryAfterMs };
}

export const PROBE_TIMEOUT_MS = 5_000;

/**
 * Asks over HTTP why the handshake failed, because a browser reveals neither its status nor its headers. Rejects after 5 s,
 * unless `ticket` hangs.
 *
 * @returns undefined if it cannot ask
 */
export async function probeHandshake(
  { WebSocket, fetch = WebSocket ? undefined : globalThis.fetch, ticket }: WebSocketClientOptions,
  url: string,
): Promise<HandshakeAnswer | undefined> {
  // A custom WebSocket class may send credentials that the platform's fetch does not have.
  if (!fetch) return undefined;
  // A new ticket, because the handshake may have used up its own; in a header, because `fetch` cannot offer subprotocols.
  const headers: Record<string, string> = ticket ? { "halyard-ticket": await ticket() } : {};
  // A request on a dead connection would keep the process alive. React Native has no `timeout`, but needs none.
  const signal = (AbortSignal as Partial<typeof AbortSignal>).timeout?.(PROBE_TIMEOUT_MS);
  const { status, headers: answered } = await fetch(url.replace("ws", "http"), {
    credentials: "include",
    ...(signal && { signal }),
    headers,
  });
  return readAnswer(status, (name) => answered.get(name));
}

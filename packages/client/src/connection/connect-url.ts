import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";
import type { WebSocketClientOptions, WebSocketConstructor } from "../options.ts";

/**
 * Whether the URL is that of a page, and this is no page and no worker: a server that renders one, for example. Then
 * the URL is no mistake until something is sent.
 */
export function needsPage({ url }: WebSocketClientOptions): boolean {
  return !baseUrl() && typeof url !== "function" && !/^[a-z][\w+.-]*:/i.test(String(url));
}

/**
 * The URL of a WebSocket.
 *
 * @throws TypeError for a value that can never be one, and for a relative URL where there is no page
 */
function resolveUrl(url: unknown): URL {
  try {
    if (url) {
      const { href } = new URL(url as string, baseUrl());
      const resolved = new URL(href.replace(/^http/, "ws").replace(/#.*/, ""));
      if (/^wss?:$/.test(resolved.protocol)) return resolved;
    }
  } catch {
    // The same error for all that cannot be used.
  }
  throw new TypeError(
    `invalid URL "${String(url)}": write "wss://host/path" or "ws://localhost:3000/path", or "/path" in a page`,
  );
}

/**
 * The address of one attempt.
 *
 * @param identity client id and attempt, by which the server knows this connection
 */
export async function attemptUrl(
  { url }: WebSocketClientOptions,
  identity: Readonly<Record<string, string>>,
): Promise<string> {
  const resolved = resolveUrl(typeof url === "function" ? await url() : url);
  for (const [name, value] of Object.entries(identity)) resolved.searchParams.set(name, value);
  return resolved.href;
}

/**
 * The subprotocols that the client offers. The ticket is one of them because a URL would end up in access logs.
 *
 * @throws TypeError for a value that cannot be a ticket
 */
export function subprotocolsFor(ticket: unknown): string[] {
  if (ticket === undefined) return [SUBPROTOCOL];
  if (typeof ticket !== "string" || !/^[\w-]+$/.test(ticket)) throw new TypeError("invalid ticket");
  return [SUBPROTOCOL, TICKET_PREFIX + ticket];
}

function baseUrl(): string | undefined {
  return (globalThis as { location?: { href: string } }).location?.href;
}

/** @throws TypeError where there is none */
export function socketClassOf({
  WebSocket = globalThis.WebSocket,
}: WebSocketClientOptions): WebSocketConstructor {
  if (typeof WebSocket !== "function")
    throw new TypeError("No WebSocket here: pass one in the options, for example that of the package ws");
  return WebSocket;
}

/**
 * Finds what can never work when the client is created. Nothing is opened, and where a page is missing, it may be all
 * right later.
 *
 * @throws TypeError that says what to write
 */
export function checkOptions(options: WebSocketClientOptions): void {
  if (needsPage(options)) return;
  socketClassOf(options);
  if (typeof options.url !== "function") resolveUrl(options.url);
}

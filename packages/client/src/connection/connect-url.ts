import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";
import type { WebSocketClientOptions, WebSocketConstructor } from "../options.ts";

/**
 * The URL of a WebSocket. As text, because the `URL` of React Native cannot be changed.
 *
 * @throws TypeError for a value that can never be one, and for a relative URL where there is no page
 */
function resolveUrl(url: string | URL): string {
  try {
    if (url) {
      const text = String(url);
      const { href } = new URL(text, baseUrl());
      // React Native appends a slash, behind a query, too.
      const resolved = href === `${text}/` ? text : href;
      if (/^(ws|http)s?:/.test(resolved)) return resolved.replace("http", "ws").replace(/#.*/, "");
    }
  } catch {
    // The same error for all that cannot be used.
  }
  throw new TypeError(`invalid URL "${String(url)}": write "wss://host/path", or "/path" in a page`);
}

/** The address of the next attempt, by whose client id and number the server knows this connection. */
export async function attemptUrl(
  { url }: WebSocketClientOptions,
  client: { readonly clientId: string; attempt: number },
): Promise<string> {
  const resolved = resolveUrl(typeof url === "function" ? await url() : url);
  // In front of the application's own: the server takes the first of each name.
  return resolved.replace(/\?|$/, `?c=${client.clientId}&a=${++client.attempt}&`).replace(/&$/, "");
}

/**
 * The subprotocols that the client offers. The ticket is one of them because a URL would end up in access logs.
 *
 * @throws TypeError for a value that cannot be a ticket
 */
export function subprotocolsFor(ticket: unknown): string[] {
  if (ticket === undefined) return [SUBPROTOCOL];
  if (typeof ticket !== "string" || !/^[\w.~-]+$/.test(ticket))
    throw new TypeError(
      "invalid ticket: letters, digits and -._~ only; signed out, reject with { status: 401 }",
    );
  return [SUBPROTOCOL, TICKET_PREFIX + ticket];
}

function baseUrl(): string | undefined {
  return (globalThis as { location?: { href: string } }).location?.href;
}

/** @throws TypeError that names all that is missing here */
export function socketClassOf({
  WebSocket = globalThis.WebSocket,
}: WebSocketClientOptions): WebSocketConstructor {
  const { URL, btoa, crypto } = globalThis as Partial<typeof globalThis>;
  const needed = { WebSocket, URL, btoa, "crypto.getRandomValues": crypto?.getRandomValues };
  const missing = Object.entries(needed).flatMap(([name, value]) =>
    typeof value === "function" ? [] : name,
  );
  if (missing.length)
    throw new TypeError(
      `No ${missing.join(", ")} here: load a polyfill first, or pass the WebSocket of the package ws in the options`,
    );
  return WebSocket;
}

/**
 * Finds what can never work when the client is created.
 *
 * @returns whether the URL is that of a page, and this is no page and no worker: a server that renders one, for example.
 *   Then the URL is no mistake until something is sent.
 * @throws TypeError that says what to write
 */
export function checkOptions(options: WebSocketClientOptions): boolean {
  const { url } = options;
  if (typeof url === "function" || baseUrl() || /^[\w+.-]+:/.test(String(url))) {
    socketClassOf(options);
    if (typeof url !== "function") resolveUrl(url);
    return false;
  }
  return true;
}

import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";
import type { WebSocketClientOptions, WebSocketConstructor } from "../options.ts";

/**
 * Resolves the URL of a WebSocket. The result is a string, because a `URL` of React Native cannot be modified.
 *
 * @throws TypeError for a value that can never be a URL, and for a relative URL without a page
 */
function resolveUrl(url: string | URL): string {
  try {
    if (url) {
      const text = String(url);
      const { href } = new URL(text, baseUrl());
      // React Native appends a slash, even after a query.
      const resolved = href === `${text}/` ? text : href;
      if (/^(ws|http)s?:/.test(resolved)) return resolved.replace(/^http/, "ws").replace(/#.*/, "");
    }
  } catch {
    // All unusable values get the same error.
  }
  throw new TypeError(`invalid URL "${url}": write "wss://host/path", or "/path" in a page`);
}

/** The address of the next attempt, with the client id and attempt number by which the server identifies this connection. */
export async function attemptUrl(
  { url }: WebSocketClientOptions,
  client: { readonly clientId: string; attempt: number },
): Promise<string> {
  const resolved = resolveUrl(typeof url === "function" ? await url() : url);
  // Put before the application's own parameters, because the server reads the first one of each name.
  return resolved.replace(/\?|$/, `?c=${client.clientId}&a=${++client.attempt}&`).replace(/&$/, "");
}

/**
 * The subprotocols that the client offers. They include the ticket, because a URL would end up in access logs.
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

/** @throws TypeError that names everything that this platform lacks */
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
      `No ${missing.join(", ")} here: load a polyfill first, or pass { WebSocket } from "ws"`,
    );
  return WebSocket;
}

/**
 * Checks, when the client is created, for options that can never work.
 *
 * @returns whether the URL is relative but there is no page and no worker, for example during server rendering.
 *   Then the URL is not a mistake until something is sent.
 * @throws TypeError that says how to correct the options
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

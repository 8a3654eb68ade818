import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";

/**
 * The URL of a WebSocket.
 *
 * @throws TypeError for a value that is no URL, and for a relative URL where there is no page
 */
export function resolveUrl(url: string | URL): URL {
  const resolved = new URL(url, (globalThis as { location?: { href: string } }).location?.href);
  resolved.protocol = resolved.protocol.replace("http", "ws");
  resolved.hash = "";
  return resolved;
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

import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";

/**
 * A URL for a WebSocket.
 *
 * @throws TypeError for what is no URL, also for a relative one where there is no page that it could be relative to
 */
export function resolveUrl(url: string | URL): URL {
  const address = new URL(url, (globalThis as { location?: { href: string } }).location?.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.hash = "";
  return address;
}

/**
 * What a client offers. A ticket travels here because it must not be in a URL.
 *
 * @throws TypeError for what cannot be a ticket
 */
export function offerProtocols(ticket: unknown): string[] {
  if (ticket === undefined) return [SUBPROTOCOL];
  if (typeof ticket !== "string" || !/^[\w-]+$/.test(ticket)) throw new TypeError("invalid ticket");
  return [SUBPROTOCOL, TICKET_PREFIX + ticket];
}

import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";
import type { WebSocketClientOptions } from "./options.js";

/** Where one attempt goes, and what it offers there. */
export interface Address {
  readonly url: string;
  readonly protocols: string[];
}

/**
 * Finds out where to connect.
 *
 * @param query what the server wants to know before the first frame; never a secret
 * @throws whatever `url` or `ticket` throws, and TypeError for what cannot be an address or a ticket
 */
export async function findAddress(
  { url, ticket }: Pick<WebSocketClientOptions, "url" | "ticket">,
  query: Readonly<Record<string, string>>,
): Promise<Address> {
  const address = resolveUrl(typeof url === "function" ? await url() : url);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const secret = await ticket?.();
  if (secret === undefined) return { url: address.href, protocols: [SUBPROTOCOL] };
  if (!/^[\w-]+$/.test(secret)) throw new TypeError("A ticket consists of letters, digits, - and _");
  return { url: address.href, protocols: [SUBPROTOCOL, TICKET_PREFIX + secret] };
}

/** @throws TypeError for a relative URL where there is no page that it could be relative to */
export function resolveUrl(url: string | URL): URL {
  const address = new URL(url, (globalThis as { location?: { href: string } }).location?.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.hash = "";
  return address;
}

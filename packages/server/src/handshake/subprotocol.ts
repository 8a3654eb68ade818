import { CLIENT_ID, SUBPROTOCOL } from "@halyard/protocol/wire";

/**
 * Reads the header `sec-websocket-protocol`.
 *
 * @returns whether `halyard.v1` is offered, or the reason to reject the offers
 */
export function offersSubprotocol(
  header: string | null,
  maxOffers: number,
): boolean | "bad_request" | "subprotocols" {
  if (header === null) return false;
  const offers = header.split(",").map((offer) => offer.trim());
  if (offers.length > maxOffers) return "subprotocols";
  if (new Set(offers).size !== offers.length || offers.includes("")) return "bad_request";
  return offers.includes(SUBPROTOCOL) ? true : "bad_request";
}

/** The client id and the attempt that a v1 client puts into its URL, if both are valid. */
export function clientFromUrl(url: string): { clientId: string; attempt: number } | undefined {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  const clientId = query.get("c") ?? "";
  const attempt = Number(query.get("a"));
  return CLIENT_ID.test(clientId) && Number.isSafeInteger(attempt) && attempt >= 1
    ? { clientId, attempt }
    : undefined;
}

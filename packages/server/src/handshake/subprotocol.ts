import { CLIENT_ID, SUBPROTOCOL } from "@halyard/protocol/wire";

/** @returns why the offers are not acceptable, else whether `halyard.v1` is among them */
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

/** Which client it is, as a v1 client says in its URL. */
export function clientFromUrl(url: string): { clientId: string; attempt: number } | undefined {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  const clientId = query.get("c") ?? "";
  const attempt = Number(query.get("a"));
  return CLIENT_ID.test(clientId) && Number.isSafeInteger(attempt) && attempt >= 1
    ? { clientId, attempt }
    : undefined;
}

import { SUBPROTOCOL, TICKET_PREFIX } from "@halyard/protocol/wire";
import type { IncomingRequest, RequestSource } from "../security/client-address.ts";
import type { RawRequest, UpgradeRequest } from "../types.ts";

/** An upgrade request together with its source. */
export class LocatedRequest implements UpgradeRequest {
  readonly source: RequestSource;
  /** What the decision is waiting for; named in the report of a time-out. */
  awaits: "allowedOrigins" | "authenticate" | "backplane" = "authenticate";
  readonly #request: IncomingRequest;
  readonly #isOfUnknownPage: (request: LocatedRequest) => boolean;

  constructor(
    request: IncomingRequest,
    source: RequestSource,
    isOfUnknownPage: (request: LocatedRequest) => boolean,
  ) {
    this.#request = request;
    this.source = source;
    this.#isOfUnknownPage = isOfUnknownPage;
  }

  /** Whether a browser sent it for a page that was never allowed so far. */
  get isOfUnknownPage(): boolean {
    return this.#isOfUnknownPage(this);
  }

  get url(): string {
    return this.#request.url;
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  /** The runtimes' entries, which declare its type, have passed it in. */
  get raw(): RawRequest {
    return this.#request.raw as RawRequest;
  }

  get ticket(): string | undefined {
    const offers = (this.headers.get("sec-websocket-protocol") ?? "").split(",").map((offer) => offer.trim());
    const [first, ...others] = offers.filter((offer) => offer.startsWith(TICKET_PREFIX));
    return others.length > 0 ? "" : first?.slice(TICKET_PREFIX.length);
  }

  /** The client's address, not that of a proxy. */
  get remoteAddress(): string | undefined {
    return this.source.address;
  }
}

/** The header with the ticket of a plain GET, because `fetch` cannot offer subprotocols. */
export const TICKET_HEADER = "halyard-ticket";

/** Moves the ticket from the header to the offered subprotocols, where authenticators look for it. */
export function withTicketOffer(request: IncomingRequest): IncomingRequest {
  const ticket = request.headers.get(TICKET_HEADER);
  if (ticket === null || !/^[\w.~-]+$/.test(ticket)) return request;
  const headers = new Headers(request.headers);
  headers.set("sec-websocket-protocol", `${SUBPROTOCOL}, ${TICKET_PREFIX}${ticket}`);
  const { url, raw, remoteAddress, isOnUnixSocket } = request;
  return { url, raw, remoteAddress, isOnUnixSocket: isOnUnixSocket === true, headers };
}
